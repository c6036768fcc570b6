"""The access log tells what the local AWS recorded of feature groups, cards and versions."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from causeway.errors import ConfigError
from tests.local_platform import LocalPlatform
from tests.localaws.waiting import eventually

GROUP = "credit-risk-loan"
ARN = f"arn:aws:sagemaker:eu-central-1:111111111111:feature-group/{GROUP}"
NOW = datetime.now(UTC)


def written(platform: LocalPlatform) -> list[dict[str, Any]]:
    """Write the log of this month and return what its report says."""
    from causeway_airflow.operators.access_log import AccessLogOperator

    result = AccessLogOperator(task_id="write", month=f"{NOW:%Y-%m}").perform({})
    bucket, _, key = result["report"].removeprefix("s3://").partition("/")
    s3 = platform.client("s3", "governance")
    stored = json.load(s3.get_object(Bucket=bucket, Key=key)["Body"])
    assert stored["gaps"] == ["the month is not over"]
    assert s3.get_object(Bucket=bucket, Key=key.removesuffix("json") + "md")["Body"].read()
    return list(stored["accesses"])


def test_who_read_and_who_was_refused_is_told_by_account_role_and_person(
    filled: LocalPlatform,
) -> None:
    from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

    from causeway_airflow.tasks.model_cards import ensure_cards

    reader = AwsBaseHook(
        aws_conn_id="causeway_consumer_reader", client_type="sagemaker-featurestore-runtime"
    ).get_conn()
    for client in (filled.client("sagemaker-featurestore-runtime", "prod"), reader):
        try:
            client.get_record(FeatureGroupName=ARN, RecordIdentifierValueAsString="sgc-000001")
        except ClientError as error:
            assert error.response["Error"]["Code"] == "AccessForbidden"
    ensure_cards(lambda kind, *_: kind("causeway_shared_services_registry_owner"))
    filled.client("sagemaker", "shared_services").describe_model_card(ModelCardName="credit-risk")

    def told() -> list[dict[str, Any]]:
        log = written(filled)
        accounts = {entry["account"] for entry in log if entry["resource"] == ARN}
        return log if {filled.accounts[r]["id"] for r in ("consumer", "prod")} <= accounts else []

    log = eventually(told, 60)
    by_data = [e for e in log if (e["resource"], e["operation"]) == (ARN, "PutRecord")]
    assert [(e["account"], e["deed"]) for e in by_data] == [("111111111111", "wrote")]
    assert by_data[0]["calls"] >= 6
    readings = {
        (e["account"], e["principal"].rpartition("/")[2], e["deed"])
        for e in log
        if (e["resource"], e["operation"]) == (ARN, "GetRecord")
    }
    consumer = filled.accounts["consumer"]["id"]
    assert any(r[0] == consumer and "reader" in r[1] for r in readings), readings
    assert (filled.accounts["prod"]["id"], "was refused") in {(r[0], r[2]) for r in readings}
    cards = [e for e in log if e["resource"] == "credit-risk"]
    assert {"DescribeModelCard", "CreateModelCard"} <= {e["operation"] for e in cards}


@pytest.mark.parametrize("month", ["2999-01", "March"])
def test_a_month_that_is_none_or_has_not_begun_is_refused(
    shared: LocalPlatform, month: str
) -> None:
    from causeway_airflow.operators.access_log import AccessLogOperator

    with pytest.raises(ConfigError, match=r"has not begun|no month"):
        AccessLogOperator(task_id="write", month=month).perform({})
