"""A job's log is in CloudWatch Logs; losing it does not lose the job."""

from __future__ import annotations

from localaws.sagemaker.jobs.log import JobLog
from tests.localaws.sagemaker.work import Workshop

METRICS = [{"Name": "auc", "Regex": "auc=([0-9.]+)"}, {"Name": "odd", "Regex": "odd=(.*)"}]


def job_log(workshop: Workshop, stream: str) -> JobLog:
    return JobLog(lambda: workshop.logs, workshop.aws.cloud.clock, "/jobs", stream, METRICS)


def test_lines_arrive_in_order_and_empty_ones_are_left_out(workshop: Workshop) -> None:
    log = job_log(workshop, "ordered")
    for line in ("one", "", "two"):
        log.write(line)
    log.flush()
    log.write("three")
    log.flush()
    assert workshop.log_lines("/jobs", "ordered") == ["one", "two", "three"]


def test_last_value_of_a_metric_counts_and_what_is_no_number_does_not(workshop: Workshop) -> None:
    log = job_log(workshop, "metrics")
    for line in ("auc=0.5", "auc=0.75 auc=0.8", "odd=much"):
        log.write(line)
    assert [(m["MetricName"], m["Value"]) for m in log.metrics()] == [("auc", 0.8)]


def test_log_that_cannot_be_written_is_no_failure(workshop: Workshop) -> None:
    log = JobLog(lambda: workshop.logs, workshop.aws.cloud.clock, "*bad name*", "s", [])
    log.write("lost")
    log.flush()
    assert log.tail() == "lost"
