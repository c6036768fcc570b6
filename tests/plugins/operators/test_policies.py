"""Consumers that the templates do not name are let in, and put out again, by the declaration."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from causeway.errors import UnexpectedState
from causeway.use_cases.files import load_use_cases
from tests.local_platform import LocalPlatform

BUCKET = "causeway-data-111111111111-eu-central-1"
CATALOGUE = "111111111111"
GRANT = """
access:
  - {resource: feature_groups, grant: read, to: ["777777777777"], label: partner}
"""


def test_a_declared_consumer_comes_and_goes(
    platform: LocalPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway.use_cases.use_case import CONFIG_DIR
    from causeway_airflow.operators.policies import ConvergePoliciesOperator
    from causeway_airflow.tasks import policies

    monkeypatch.setattr(policies, "SETTLE", 0)
    s3 = platform.client("s3", "data")
    before = json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])
    task = ConvergePoliciesOperator(task_id="p", account_role="data", duty="data-sharer")
    task.perform({})  # no template can hold the catalogue's policy: its baseline is written here
    assert task.perform({}) == []  # the rest of the baseline is the templates' own

    text = (CONFIG_DIR / "use_cases" / "credit_risk.yaml").read_text()
    (tmp_path / "credit_risk.yaml").write_text(text + GRANT)
    differ = f"policies of bucket {BUCKET} and key alias/causeway-data do not let in"
    with monkeypatch.context() as declared:
        declared.setenv("CAUSEWAY_USE_CASES", str(tmp_path))
        with pytest.raises(UnexpectedState, match=differ):  # the guards are an administrator's
            task.perform({})
        platform.deploy("data", use_cases=load_use_cases(tmp_path))
        assert task.perform({}) == []  # the catalogue's was written before
    policy = json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"])
    new = [s for s in policy["Statement"] if s not in before["Statement"]]
    assert {s["Principal"]["AWS"][0] for s in new} == {"arn:aws:iam::777777777777:root"}

    with pytest.raises(UnexpectedState, match=differ):
        task.perform({})
    platform.deploy("data")
    assert task.perform({}) == []
    assert json.loads(s3.get_bucket_policy(Bucket=BUCKET)["Policy"]) == before
