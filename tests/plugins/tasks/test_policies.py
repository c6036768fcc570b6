"""Policies by Sid on the local AWS: written when different, whatever others write survives."""

from __future__ import annotations

import json
import threading
from typing import Any

import pytest

from causeway.errors import ConfigError, WriteConflict
from causeway.sharing.policies import PolicyHolder
from tests.local_platform import LocalPlatform

BUCKET = "causeway-data-111111111111-eu-central-1"
KEY = "alias/causeway-data"
ROOT = "arn:aws:iam::555555555555:root"


def statement(sid: str, action: str, resource: str) -> dict[str, Any]:
    principal = {"AWS": ROOT}
    return {
        "Sid": sid,
        "Effect": "Allow",
        "Principal": principal,
        "Action": [action],
        "Resource": [resource],
    }


def on_bucket(sid: str) -> dict[str, Any]:
    return statement(sid, "s3:GetObject", f"arn:aws:s3:::{BUCKET}/offline-store/*")


def sids(hook: Any, name: str) -> set[str]:
    return {s["Sid"] for s in json.loads(hook.read(name))["Statement"]}


def test_statements_come_and_go_beside_the_templates_own(platform: LocalPlatform) -> None:
    from causeway_airflow.hooks.policies import BucketPolicyHook, KeyPolicyHook
    from causeway_airflow.tasks.policies import converge_policy

    for hook, name, declared in (
        (BucketPolicyHook("causeway_data_data_sharer"), BUCKET, on_bucket("TestOne")),
        (KeyPolicyHook("causeway_data_data_sharer"), KEY, statement("TestOne", "kms:Decrypt", "*")),
    ):
        before = sids(hook, name)
        assert converge_policy(hook, name, [declared], prefix="Test", settle=0)
        assert sids(hook, name) == before | {"TestOne"}
        assert not converge_policy(hook, name, [declared], prefix="Test", settle=0)
        assert converge_policy(hook, name, [], prefix="Test", settle=0)
        assert sids(hook, name) == before


def test_a_repository_and_a_bucket_without_policy_get_one(
    platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.hooks.policies import HOOKS
    from causeway_airflow.tasks.policies import converge_policy

    keys = platform.accounts["data"]
    administrator = {
        "conn_type": "aws",
        "login": keys["access_key_id"],
        "password": keys["secret_access_key"],
        "extra": {"region_name": "eu-central-1"},
    }
    monkeypatch.setenv("AIRFLOW_CONN_CAUSEWAY_DATA_ADMINISTRATOR", json.dumps(administrator))
    platform.client("ecr", "data").create_repository(repositoryName="images")
    platform.client("s3", "data").create_bucket(
        Bucket="bare", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"}
    )
    pull = {
        k: v for k, v in statement("TestPull", "ecr:BatchGetImage", "").items() if k != "Resource"
    }
    for holder, name, declared in (
        (PolicyHolder.REPOSITORY, "images", pull),
        (PolicyHolder.BUCKET, "bare", statement("TestA", "s3:GetObject", "arn:aws:s3:::bare/*")),
    ):
        hook = HOOKS[holder]("causeway_data_administrator")
        assert hook.read(name) is None
        assert converge_policy(hook, name, [declared], prefix="Test", settle=0)
        assert sids(hook, name) == {declared["Sid"]}


def test_two_writers_at_once_lose_no_statement(platform: LocalPlatform) -> None:
    from causeway_airflow.hooks.policies import BucketPolicyHook
    from causeway_airflow.tasks.policies import converge_policy

    together = threading.Barrier(2, timeout=30)

    class Racing(BucketPolicyHook):
        """Both have read the same document before either writes."""

        raced = False

        def read(self, name: str) -> str | None:
            document = super().read(name)
            if not self.raced:
                self.raced = True
                together.wait()
            return document

    hooks = [Racing("causeway_data_data_sharer") for _ in range(2)]
    threads = [
        threading.Thread(
            target=converge_policy,
            args=(hook, BUCKET, [on_bucket(f"Writer{i}")]),
            kwargs={"prefix": f"Writer{i}", "window": 5, "settle": 0.5},
        )
        for i, hook in enumerate(hooks)
    ]
    for hook in hooks:
        assert hook.client  # built before the race
    before = sids(BucketPolicyHook("causeway_data_data_sharer"), BUCKET)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sids(hooks[0], BUCKET) == before | {"Writer0", "Writer1"}
    for i, hook in enumerate(hooks):
        assert converge_policy(hook, BUCKET, [], prefix=f"Writer{i}", settle=0)


def test_a_policy_that_somebody_keeps_undoing_is_given_up(
    platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.hooks.policies import BucketPolicyHook
    from causeway_airflow.tasks.policies import converge_policy

    hook = BucketPolicyHook("causeway_data_data_sharer")
    before = sids(hook, BUCKET)
    monkeypatch.setattr(hook, "write", lambda name, document: None)
    with pytest.raises(WriteConflict, match="does not stay as written"):
        converge_policy(hook, BUCKET, [on_bucket("TestUndone")], prefix="Test", settle=0)
    assert sids(hook, BUCKET) == before


def test_a_policy_that_is_too_large_is_refused_before_the_call(platform: LocalPlatform) -> None:
    from causeway_airflow.hooks.policies import BucketPolicyHook
    from causeway_airflow.tasks.policies import converge_policy

    hook = BucketPolicyHook("causeway_data_data_sharer")
    before = hook.read(BUCKET)
    many = [on_bucket(f"Test{i}") for i in range(120)]
    with pytest.raises(ConfigError, match="it takes 20480"):
        converge_policy(hook, BUCKET, many, prefix="Test", settle=0)
    assert hook.read(BUCKET) == before
