"""Words on use cases are read from CloudTrail's records of `AddTags`."""

from __future__ import annotations

import json

import pytest

from causeway.governance.use_case_words import (
    TAGS,
    is_stage,
    sorted_words,
    tags_of,
    word_item,
    word_of,
    word_of_item,
)
from tests.causeway.governance.life import high, word


def event(said, **changes) -> str:
    tags = [{"key": tag["Key"], "value": tag["Value"]} for tag in tags_of(said)]
    return json.dumps(
        {
            "eventName": "AddTags",
            "eventSource": "sagemaker.amazonaws.com",
            "eventTime": said.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventID": said.event_id,
            "userIdentity": {
                "arn": said.principal,
                "sessionContext": {
                    "sourceIdentity": said.identity,
                    "sessionIssuer": {"arn": said.role},
                },
            },
            "requestParameters": {"resourceArn": said.group, "tags": tags},
        }
        | changes
    )


def test_a_word_is_read_as_it_was_said() -> None:
    said = word(high(), "development", "risk-officer", reason="the card is fine: see §3")
    assert word_of(event(said)) == said
    assert word_of_item(word_item(said)) == said
    assert [tag["Key"] for tag in tags_of(said)] == list(TAGS)


@pytest.mark.parametrize(
    "changes",
    [
        {"eventName": "DeleteTags"},
        {"eventSource": "cloudtrail.amazonaws.com"},
        {"errorCode": "AccessDenied"},
        {"requestParameters": None},
        {"requestParameters": {"tags": [{"key": "owner", "value": "me"}]}},
    ],
)
def test_another_call_is_no_word(changes) -> None:
    assert word_of(event(word(high(), "development", "risk-officer"), **changes)) is None


ODD = (None, 1, "text", [], {}, ["causeway:use-case"], {"causeway:use-case": "x"}, [None, [], 1])


@pytest.mark.parametrize("odd", ODD)
def test_an_event_of_an_odd_shape_is_a_word_or_none(odd) -> None:
    whole = json.loads(event(word(high(), "development", "risk-officer")))
    assert word_of(json.dumps(odd)) is None
    for name in whole:
        for changed in (whole | {name: odd}, {k: v for k, v in whole.items() if k != name}):
            word_of(json.dumps(changed))
    parameters = whole["requestParameters"] | {"tags": odd}
    assert word_of(json.dumps(whole | {"requestParameters": parameters})) is None
    for tag in ({"key": odd, "value": odd}, {"key": "causeway:use-case", "value": odd}):
        parameters = {"resourceArn": odd, "tags": [tag, odd]}
        word_of(json.dumps(whole | {"requestParameters": parameters}))
    session = {"sourceIdentity": odd, "sessionIssuer": odd}
    spoken = word_of(json.dumps(whole | {"userIdentity": {"arn": odd, "sessionContext": session}}))
    assert spoken is not None and spoken.role is None
    assert word_of("no JSON") is None


def test_of_words_of_one_second_a_rejection_is_the_last() -> None:
    approval = word(high(), "development", "risk-officer")
    rejection = word(high(), "poc", "governance-officer", verdict="rejected")
    words = sorted_words([event(rejection), event(approval)])
    assert [each.verdict for each in words] == ["approved", "rejected"]


def test_stages_have_the_words_of_use_cases() -> None:
    assert is_stage("pre-production") and not is_stage("preproduction")
