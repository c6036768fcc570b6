"""Alarms of CloudWatch: a new one has `INSUFFICIENT_DATA`, a changed one keeps its state.

moto starts every alarm as `OK`. Alarms are not evaluated here: `SetAlarmState` changes the state.
Source: CloudWatch API Reference, PutMetricAlarm.
"""

from __future__ import annotations

from localaws.door.protocol import Reply
from localaws.engine.corrections import MotoCall, Serve, around

KEPT = ("state_value", "state_reason", "state_reason_data", "state_updated_timestamp", "history")


@around("cloudwatch", "PutMetricAlarm")
def put_metric_alarm(call: MotoCall, serve: Serve) -> Reply:
    """Create or change an alarm without evaluating it."""
    from moto.cloudwatch.models import cloudwatch_backends

    alarms = cloudwatch_backends[call.account][call.region].alarms
    name = str(call.params["AlarmName"])
    before = alarms.get(name)
    reply = serve()
    alarm = alarms.get(name)
    if alarm is None or alarm is before:
        return reply
    if before is None:
        alarm.state_value = "INSUFFICIENT_DATA"
        return reply
    for attribute in KEPT:
        setattr(alarm, attribute, getattr(before, attribute))
    return reply
