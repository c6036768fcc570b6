"""The CloudWatch metrics of invocations (namespace AWS/SageMaker), in the endpoint's account."""

from __future__ import annotations

import time
from typing import Any

from localaws.kit.service import Call

NAMESPACE = "AWS/SageMaker"


def record(call: Call, variant: str, status: int, started: float) -> None:
    """Record one invocation: its count, its errors, and how long the model took (microseconds).

    `status` is the model's, 0 if it gave no answer; `started` is `time.monotonic()` before the
    request. SageMaker sends the error metrics with every invocation, as 0 or 1, so that their
    average is a rate.
    """
    from moto.cloudwatch.models import cloudwatch_backends

    dimensions = [
        {"Name": "EndpointName", "Value": call.params["EndpointName"]},
        {"Name": "VariantName", "Value": variant},
    ]
    values = {
        "Invocations": (1.0, "None"),
        "Invocation4XXErrors": (float(400 <= status < 500), "None"),
        "Invocation5XXErrors": (float(status >= 500 or status == 0), "None"),
        "ModelLatency": ((time.monotonic() - started) * 1e6, "Microseconds"),
    }
    now = call.clock.naive()  # moto uses naive times
    data: list[dict[str, Any]] = [
        {
            "MetricName": name,
            "Dimensions": dimensions,
            "Timestamp": now,
            "Value": value,
            "Unit": unit,
        }
        for name, (value, unit) in values.items()
    ]
    cloudwatch_backends[call.account][call.region].put_metric_data(NAMESPACE, data)
