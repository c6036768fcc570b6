"""CloudWatch metrics through the door, in every protocol that botocore speaks with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.model import ServiceModel

from tests.localaws.conftest import Aws

OWNER = "prod"


@pytest.fixture(params=["json", "query"])  # of the three it has, moto lacks smithy-rpc-v2-cbor
def client(aws: Aws, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A client that speaks one protocol; older botocores choose `query`, the pinned one `json`."""
    monkeypatch.setattr(ServiceModel, "resolved_protocol", request.param)
    return aws.client("cloudwatch", OWNER)


def test_the_pinned_botocore_speaks_a_protocol_that_is_served(aws: Aws) -> None:
    model = aws.client("cloudwatch", OWNER).meta.service_model
    assert model.resolved_protocol == "json"


def test_metrics_are_put_listed_and_read_back(aws: Aws, client: Any) -> None:
    now = datetime.now(UTC)
    dimensions = [{"Name": "EndpointName", "Value": "credit-risk"}]
    point = {"MetricName": "auc", "Dimensions": dimensions, "Timestamp": now}
    client.put_metric_data(
        Namespace="Causeway",
        MetricData=[
            {**point, "Value": 0.8, "Unit": "None"},
            {**point, "Value": 0.6, "Unit": "None"},
        ],
    )
    listed = client.list_metrics(Namespace="Causeway")["Metrics"]
    assert [(metric["MetricName"], metric["Dimensions"]) for metric in listed] == [
        ("auc", dimensions)
    ]
    metric = {"Namespace": "Causeway", "MetricName": "auc", "Dimensions": dimensions}
    stat = {"Metric": metric, "Period": 60, "Stat": "Average"}
    read = client.get_metric_data(
        MetricDataQueries=[{"Id": "a", "MetricStat": stat}],
        StartTime=now - timedelta(minutes=5),
        EndTime=now + timedelta(minutes=5),
    )["MetricDataResults"][0]
    assert read["Values"] == [pytest.approx(0.7)]
    other = aws.client("cloudwatch", "test")
    assert other.list_metrics(Namespace="Causeway")["Metrics"] == []


def test_an_error_is_readable(client: Any) -> None:
    with pytest.raises(ClientError) as caught:
        client.describe_alarm_contributors(AlarmName="none")
    assert caught.value.response["Error"]["Code"] == "UnsupportedOperation"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501


def test_an_alarm_has_insufficient_data_until_its_state_is_set(aws: Aws) -> None:
    cloudwatch = aws.client("cloudwatch", "prod")
    alarm = {
        "AlarmName": "errors",
        "MetricName": "Errors",
        "Namespace": "Own",
        "Statistic": "Sum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanThreshold",
    }

    def state() -> str:
        return str(cloudwatch.describe_alarms()["MetricAlarms"][0]["StateValue"])

    cloudwatch.put_metric_alarm(**alarm)
    assert state() == "INSUFFICIENT_DATA"
    cloudwatch.set_alarm_state(AlarmName="errors", StateValue="ALARM", StateReason="test")
    cloudwatch.put_metric_alarm(**alarm | {"Threshold": 2.0})
    assert state() == "ALARM"
