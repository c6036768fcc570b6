"""An alert: one line, no secret, a request that SNS takes."""

from __future__ import annotations

import json
import string
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causeway.reporting.alerts import Alert, Severity, without_secrets
from causeway.topology.accounts import load_topology

ALERT = Alert(
    what="credit-risk/1 was quarantined",
    severity=Severity.CRITICAL,
    account="333333333333",
    subject="arn:aws:sagemaker:eu-central-1:333333333333:model-package/credit-risk/1",
    next_step="Ask who approved it.",
    run="platform__governance_sync scheduled__1",
)


def test_the_line_says_what_where_and_what_next() -> None:
    assert str(ALERT) == (
        "CRITICAL credit-risk/1 was quarantined (account 333333333333, "
        "arn:aws:sagemaker:eu-central-1:333333333333:model-package/credit-risk/1, "
        "run platform__governance_sync scheduled__1). Next step: Ask who approved it."
    )


def test_the_request_goes_to_the_governance_account_and_can_be_filtered() -> None:
    request = ALERT.request(load_topology())
    assert request["TopicArn"] == "arn:aws:sns:eu-central-1:444444444444:causeway-alerts"
    assert json.loads(request["Message"]) == ALERT.body()
    assert {k: v["StringValue"] for k, v in request["MessageAttributes"].items()} == {
        "severity": "critical",
        "account": "333333333333",
    }


@given(st.text(max_size=5000))
def test_whatever_is_said_sns_takes_it(what: str) -> None:
    alert = replace(ALERT, what=what)
    subject = alert.request(load_topology())["Subject"]
    assert len(subject) < 100 and set(subject) <= set(string.printable) - set("\r\n\t\x0b\x0c")
    assert "\n" not in str(alert) and len(alert.what) <= 2000


@pytest.mark.parametrize(
    "words",
    [
        "key ASIAQWERTYUIOPASDFGH was refused",
        "https://b.s3.amazonaws.com/k?X-Amz-Signature=abc123SECRET&X-Amz-Security-Token=SECRET",
        '{"SecretAccessKey": "SECRET/+abc", "SessionToken": "SECRET=="}',
        "aws_secret_access_key=SECRET",
        "postgresql://airflow:SECRET@db:5432/airflow",
        "Authorization: Bearer SECRETSECRETSECRET",
        "password: SECRET",
    ],
)
def test_what_looks_like_a_secret_is_masked(words: str) -> None:
    masked = without_secrets(words)
    assert "SECRET" not in masked.replace("SecretAccessKey", "") and "ASIAQ" not in masked
    assert "***" in masked


def test_words_that_are_no_secret_stay() -> None:
    words = "the share was accepted (token expired an hour ago); s3://b/models/a.tar.gz"
    assert without_secrets(words) == words
