"""Invocations are counted, timed and, where they failed, counted as errors."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

from localaws.kit.service import Call, Principal
from localaws.sagemaker.hosting.invocation_metrics import record
from tests.accounts import ACCOUNTS, REGION
from tests.localaws.conftest import Aws

PROD = ACCOUNTS["prod"]


def call(aws: Aws) -> Call:
    who = Principal(PROD, f"arn:aws:iam::{PROD}:root", PROD, PROD, "administrator")
    params: dict[str, Any] = {"EndpointName": "credit-risk"}
    return Call("sagemaker-runtime", "InvokeEndpoint", params, PROD, REGION, who, aws.cloud)


def test_invocations_are_counted_in_the_endpoints_account(aws: Aws) -> None:
    for status in (200, 200, 400, 500):
        record(call(aws), "blue", status, time.monotonic() - 0.002)
    client, now = aws.client("cloudwatch", "prod"), datetime.now(UTC)
    dimensions = [
        {"Name": "EndpointName", "Value": "credit-risk"},
        {"Name": "VariantName", "Value": "blue"},
    ]

    def statistic(name: str, kind: str) -> float:
        metric = {"Namespace": "AWS/SageMaker", "MetricName": name, "Dimensions": dimensions}
        values = client.get_metric_data(
            MetricDataQueries=[
                {"Id": "m", "MetricStat": {"Metric": metric, "Period": 3600, "Stat": kind}}
            ],
            StartTime=now - timedelta(hours=1),
            EndTime=now + timedelta(hours=1),
        )["MetricDataResults"][0]["Values"]
        return float(sum(values))

    assert statistic("Invocations", "Sum") == 4
    assert statistic("Invocation4XXErrors", "Sum") == 1
    assert statistic("Invocation5XXErrors", "Average") == 0.25
    assert 2_000 <= statistic("ModelLatency", "Average") < 5_000_000
    assert aws.client("cloudwatch", "test").list_metrics()["Metrics"] == []
