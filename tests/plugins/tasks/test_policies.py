"""Policies by Sid on the local AWS: written when different, whatever others write survives."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from causeway.errors import ConfigError, WriteConflict
from tests.local_platform import LocalPlatform

OWNER = "111111111111"  # of the catalogue
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


def on_table(sid: str) -> dict[str, Any]:
    table = f"arn:aws:glue:eu-central-1:{OWNER}:table/sagemaker_featurestore/*"
    return statement(sid, "glue:GetTable", table)


@pytest.fixture(autouse=True)
def others(platform: LocalPlatform) -> Iterator[None]:
    """A policy that has a statement of others, while the test lasts."""
    glue = platform.client("glue", "data")
    policy = {"Version": "2012-10-17", "Statement": [on_table("Others")]}
    try:
        before = glue.get_resource_policy()["PolicyInJson"]
    except glue.exceptions.EntityNotFoundException:
        before = None
    glue.put_resource_policy(PolicyInJson=json.dumps(policy))
    yield
    if before is None:
        glue.delete_resource_policy()
    else:
        glue.put_resource_policy(PolicyInJson=before)


def sids(hook: Any, name: str) -> set[str]:
    return {s["Sid"] for s in json.loads(hook.read(name))["Statement"]}


def test_statements_come_and_go_beside_those_of_others(platform: LocalPlatform) -> None:
    from causeway_airflow.hooks.policies import CatalogPolicyHook
    from causeway_airflow.tasks.policies import converge_policy

    hook, declared = CatalogPolicyHook("causeway_data_data_sharer"), on_table("TestOne")
    assert converge_policy(hook, OWNER, [declared], prefix="Test", settle=0)
    assert sids(hook, OWNER) == {"Others", "TestOne"}
    assert not converge_policy(hook, OWNER, [declared], prefix="Test", settle=0)
    assert converge_policy(hook, OWNER, [], prefix="Test", settle=0)
    assert sids(hook, OWNER) == {"Others"}


def test_a_repository_without_policy_gets_one(
    platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.hooks.policies import RepositoryPolicyHook
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
    pull = {
        k: v for k, v in statement("TestPull", "ecr:BatchGetImage", "").items() if k != "Resource"
    }
    hook = RepositoryPolicyHook("causeway_data_administrator")
    assert hook.read("images") is None
    assert converge_policy(hook, "images", [pull], prefix="Test", settle=0)
    assert sids(hook, "images") == {"TestPull"}


def test_two_writers_at_once_lose_no_statement(platform: LocalPlatform) -> None:
    from causeway_airflow.hooks.policies import CatalogPolicyHook
    from causeway_airflow.tasks.policies import converge_policy

    together = threading.Barrier(2, timeout=30)

    class Racing(CatalogPolicyHook):
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
            args=(hook, OWNER, [on_table(f"Writer{i}")]),
            kwargs={"prefix": f"Writer{i}", "window": 5, "settle": 0.5},
        )
        for i, hook in enumerate(hooks)
    ]
    for hook in hooks:
        assert hook.client  # built before the race
    before = sids(CatalogPolicyHook("causeway_data_data_sharer"), OWNER)
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sids(hooks[0], OWNER) == before | {"Writer0", "Writer1"}
    for i, hook in enumerate(hooks):
        assert converge_policy(hook, OWNER, [], prefix=f"Writer{i}", settle=0)


def test_a_policy_that_somebody_keeps_undoing_is_given_up(
    platform: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.hooks.policies import CatalogPolicyHook
    from causeway_airflow.tasks.policies import converge_policy

    hook = CatalogPolicyHook("causeway_data_data_sharer")
    before = sids(hook, OWNER)
    monkeypatch.setattr(hook, "write", lambda name, document: None)
    with pytest.raises(WriteConflict, match="does not stay as written"):
        converge_policy(hook, OWNER, [on_table("TestUndone")], prefix="Test", settle=0)
    assert sids(hook, OWNER) == before


def test_a_policy_that_is_too_large_is_refused_before_the_call(platform: LocalPlatform) -> None:
    from causeway_airflow.hooks.policies import CatalogPolicyHook
    from causeway_airflow.tasks.policies import converge_policy

    hook = CatalogPolicyHook("causeway_data_data_sharer")
    before = hook.read(OWNER)
    many = [on_table(f"Test{i}") for i in range(120)]
    with pytest.raises(ConfigError, match="it takes 10240"):
        converge_policy(hook, OWNER, many, prefix="Test", settle=0)
    assert hook.read(OWNER) == before
