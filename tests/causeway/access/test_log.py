"""The access log counts each recorded call once, by what it did and for whom."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest

from causeway.access.log import Access, Deed, accesses, records
from causeway.access.log_report import document, markdown
from causeway.errors import BadInput
from causeway.instants import Month, read_month

GROUP = "arn:aws:sagemaker:eu-central-1:111111111111:feature-group/credit-risk-person"
MARCH = Month(2026, 3)


def event(name: str = "GetRecord", at: str = "2026-03-31T23:59:59Z", **more: Any) -> dict[str, Any]:
    return {
        "eventID": f"{name} {at}",
        "eventSource": "sagemaker.amazonaws.com",
        "eventName": name,
        "eventTime": at,
        "userIdentity": {
            "type": "AssumedRole",
            "arn": "arn:aws:sts::222222222222:assumed-role/causeway-explorer/ann",
            "accountId": "222222222222",
            "sessionContext": {
                "sessionIssuer": {"arn": "arn:aws:iam::222222222222:role/causeway-explorer"},
                "sourceIdentity": "ann",
            },
        },
        "resources": [{"type": "AWS::SageMaker::FeatureGroup", "ARN": GROUP}],
        **more,
    }


def access(operation: str, deed: Deed, resource: str = GROUP) -> Access:
    return Access(resource, "222222222222", "causeway-explorer", "ann", operation, deed)


def test_reads_writes_and_refusals_are_told_apart() -> None:
    events = [
        event("GetRecord"),
        event("BatchGetRecord"),
        event("PutRecord"),
        event("BatchWriteRecord", errorCode="AccessForbidden"),
        event("DeleteRecord", errorCode="ValidationException"),
    ]
    assert accesses(events, MARCH) == {
        access("GetRecord", Deed.READ): 1,
        access("BatchGetRecord", Deed.READ): 1,
        access("PutRecord", Deed.WROTE): 1,
        access("BatchWriteRecord", Deed.REFUSED): 1,
        access("DeleteRecord", Deed.FAILED): 1,
    }


def test_an_event_that_was_delivered_twice_counts_once_and_those_of_other_months_not_at_all() -> (
    None
):
    events = [
        event(),
        event(),
        event(at="2026-03-01T00:00:00Z"),
        event(at="2026-02-28T23:59:59Z"),
        event(at="2026-04-01T00:00:00Z"),
        event(at="2026-03-02T00:00:00Z", eventSource="s3.amazonaws.com"),
    ]
    assert accesses(events, MARCH) == {access("GetRecord", Deed.READ): 2}


def test_a_call_on_several_groups_is_an_access_to_each() -> None:
    other = GROUP.replace("person", "loan")
    named = [{"type": "AWS::SageMaker::FeatureGroup", "ARN": arn} for arn in (GROUP, other)]
    assert set(accesses([event("BatchGetRecord", resources=named)], MARCH)) == {
        access("BatchGetRecord", Deed.READ),
        access("BatchGetRecord", Deed.READ, other),
    }


@pytest.mark.parametrize(
    ("name", "parameters", "resource", "deed"),
    [
        ("DescribeModelCard", {"modelCardName": "credit-risk"}, "credit-risk", Deed.READ),
        ("CreateModelCardExportJob", {"modelCardName": "c"}, "c", Deed.READ),
        ("UpdateModelCard", {"modelCardName": "credit-risk"}, "credit-risk", Deed.WROTE),
        ("UpdateModelPackage", {"modelPackageArn": "arn:v"}, "arn:v", Deed.WROTE),
        ("CreateModelPackage", {"modelPackageGroupName": "arn:g"}, "arn:g", Deed.WROTE),
    ],
)
def test_calls_on_cards_and_versions_are_told_by_what_they_name(
    name: str, parameters: dict[str, str], resource: str, deed: Deed
) -> None:
    told = accesses([event(name, resources=None, requestParameters=parameters)], MARCH)
    assert set(told) == {access(name, deed, resource)}


def test_of_a_caller_that_another_account_hides_the_account_is_told() -> None:
    hidden = {"type": "AWSAccount", "principalId": "AROAX:session", "accountId": "999999999999"}
    (told,) = accesses([event(userIdentity=hidden)], MARCH)
    assert (told.account, told.principal, told.person) == ("999999999999", "AROAX:session", "")


def test_a_log_file_is_read_and_what_is_none_is_named() -> None:
    content = gzip.compress(json.dumps({"Records": [event()]}).encode())
    assert records(content, "s3://trail/a.json.gz") == [event()]
    for broken in (b"", b"text", content[:-9], gzip.compress(b"[]"), gzip.compress(b"{")):
        with pytest.raises(BadInput, match=r"s3://trail/a.json.gz is no log file of CloudTrail"):
            records(broken, "s3://trail/a.json.gz")


def test_the_report_has_every_access_and_what_was_not_seen() -> None:
    log = accesses([event(), event("PutRecord")], MARCH)
    text = markdown(log, MARCH, {"222222222222": "data_science"}, ("the month is not over",))
    assert "# Access log of 2026-03" in text
    assert "Not whole: the month is not over." in text
    assert "| data_science | causeway-explorer | ann | PutRecord | wrote | 1 |" in text
    content = document(log, MARCH, ())
    assert content["counts"] == {"read": 1, "wrote": 1, "was refused": 0, "failed": 0}
    assert [entry["calls"] for entry in content["accesses"]] == [1, 1]
    assert "Nobody used" in markdown(accesses([], MARCH), MARCH, {}, ())


def test_months_follow_each_other_over_the_end_of_a_year() -> None:
    december = read_month("2026-12")
    assert (str(december.next), str(december.before)) == ("2027-01", "2026-11")
    assert Month.of(december.end) == Month(2027, 1)
    for text in ("2026-13", "2026-1", "26-01", "2026-01-01", "9999-12", ""):
        with pytest.raises(ValueError, match="no month"):
            read_month(text)
