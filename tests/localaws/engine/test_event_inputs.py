"""A target gets what its rule makes of an event, and a pattern can be tried."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.accounts import ACCOUNTS, REGION
from tests.localaws.conftest import Aws
from tests.refusals import refused

RULE = f"arn:aws:events:{REGION}:{ACCOUNTS['governance']}:rule/jobs"


def received(aws: Aws, target: dict[str, Any]) -> str:
    """Put an event and return what the rule's queue receives."""
    sqs, events = aws.client("sqs", "governance"), aws.client("events", "governance")
    url = sqs.create_queue(QueueName="work")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{ACCOUNTS['governance']}:work"
    aws.open_queue("governance", url, arn)
    events.put_rule(Name="jobs", EventPattern=json.dumps({"source": ["shop"]}))
    events.put_targets(Rule="jobs", Targets=[{"Id": "1", "Arn": arn, **target}])
    detail = {"name": 'a "b"', "count": 3, "list": [{"id": 7}]}
    entry = {"Source": "shop", "DetailType": "sale", "Detail": json.dumps(detail)}
    events.put_events(Entries=[entry])
    return str(sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"])


def test_a_constant_replaces_the_event(aws: Aws) -> None:
    assert received(aws, {"Input": '{"run": true}'}) == '{"run": true}'


def test_a_path_selects_a_part_of_the_event(aws: Aws) -> None:
    assert json.loads(received(aws, {"InputPath": "$.detail.list[0]"})) == {"id": 7}


def test_a_template_is_filled_with_parts_of_the_event(aws: Aws) -> None:
    paths = {"name": "$.detail.name", "count": "$.detail.count", "none": "$.detail.none"}
    template = '{"name": <name>, "text": "<name>: <count><none>", "rule": "<aws.events.rule-arn>"}'
    transformer = {"InputPathsMap": paths, "InputTemplate": template}
    assert json.loads(received(aws, {"InputTransformer": transformer})) == {
        "name": 'a "b"',
        "text": 'a "b": 3',
        "rule": RULE,
    }


def test_a_target_has_one_kind_of_input(aws: Aws) -> None:
    events = aws.client("events", "governance")
    events.put_rule(Name="jobs", EventPattern=json.dumps({"source": ["shop"]}))
    target = {"Id": "1", "Arn": f"arn:aws:sqs:{REGION}:{ACCOUNTS['governance']}:work"}
    for more in ({"Input": "{}", "InputPath": "$.detail"}, {"InputPath": "detail"}):
        refused("ValidationException", events.put_targets, Rule="jobs", Targets=[target | more])


def test_a_pattern_is_tried_on_an_event(aws: Aws) -> None:
    events = aws.client("events", "governance")
    event = {
        "id": "1",
        "account": ACCOUNTS["governance"],
        "source": "shop",
        "time": "2026-01-01T00:00:00Z",
        "region": REGION,
        "resources": [],
        "detail-type": "sale",
        "detail": {"count": 3},
    }

    def verdict(pattern: dict[str, Any]) -> bool:
        texts = {"EventPattern": json.dumps(pattern), "Event": json.dumps(event)}
        return bool(events.test_event_pattern(**texts)["Result"])

    assert verdict({"source": ["shop"], "detail": {"count": [{"numeric": [">", 2]}]}})
    assert not verdict({"source": ["other"]})
    for pattern in ("nonsense", "{}", '{"source": "shop"}', '{"source": []}'):
        refused(
            "InvalidEventPatternException",
            events.test_event_pattern,
            EventPattern=pattern,
            Event=json.dumps(event),
        )
    with pytest.raises(events.exceptions.ClientError):
        events.test_event_pattern(EventPattern='{"source": ["shop"]}', Event="{}")
