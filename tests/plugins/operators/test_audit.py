"""Whoever changes a chain, its head or what it is about is found, and what was locked stays."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from airflow.sdk.exceptions import AirflowFailException

from causeway.governance.audit import (
    Head,
    append,
    chain_pk,
    entries_after,
    entry_key,
    head_key,
    head_of,
)
from causeway.governance.audit_heads import PREFIX, Break, object_key
from causeway.governance.changes import first_seen
from causeway.governance.decisions import Facts
from causeway.items import Key, create
from causeway.versions.keys import decisions_pk
from tests import how_tos
from tests.accounts import REGION
from tests.local_platform import LocalPlatform
from tests.plugins.conftest import context
from tests.plugins.table_records import NOW, arn, by, transition
from tests.refusals import refused

if TYPE_CHECKING:
    from causeway_airflow.hooks.audit_heads import AuditHeadsHook
    from causeway_airflow.hooks.stage_table import StageTableHook

BUCKET = "causeway-audit-444444444444-eu-central-1"
TABLE = "causeway-governance"


def table(duty: str = "recorder") -> StageTableHook:
    from causeway_airflow.hooks.stage_table import StageTableHook

    return StageTableHook(f"causeway_governance_{duty.replace('-', '_')}")


def heads() -> AuditHeadsHook:
    from causeway_airflow.hooks.audit_heads import AuditHeadsHook

    return AuditHeadsHook("causeway_governance_audit_keeper")


def verify() -> Any:
    """Run the task as the DAG does."""
    from causeway_airflow.operators.audit import AuditOperator

    return AuditOperator(task_id="verify").execute(context())


def breaks(chain: str) -> list[Break]:
    from causeway_airflow.tasks.audit import look

    return look(table("audit-keeper"), chain, heads().locked())[0]


@pytest.fixture
def chain(platform: LocalPlatform, request: pytest.FixtureRequest) -> str:
    """A chain of four entries, of which three are locked."""
    name = request.node.name.replace("_", "-")[:60]
    writer = table()
    for number in (1, 2, 3):
        assert writer.record([transition(name, number, 1)])
    heads().lock(name, head_of(writer.get(head_key(name))))
    assert writer.record([transition(name, 4, 1)])
    assert breaks(name) == []
    return name


class Administrator:
    """Somebody who may do everything in the governance account."""

    def __init__(self, platform: LocalPlatform) -> None:
        self.database = platform.client("dynamodb", "governance")
        self.s3 = platform.client("s3", "governance")

    def put(self, item: dict[str, Any]) -> None:
        self.database.put_item(TableName=TABLE, Item=table()._encode(item))

    def delete(self, key: Key) -> None:
        self.database.delete_item(TableName=TABLE, Key=table()._encode(key.item()))

    def edit(self, key: Key, **attributes: Any) -> None:
        self.put((table().get(key) or {}) | attributes)


@pytest.fixture
def administrator(platform: LocalPlatform) -> Administrator:
    return Administrator(platform)


def test_the_keeper_verifies_and_locks_the_head_of_each_chain(
    platform: LocalPlatform, chain: str
) -> None:
    from causeway_airflow.tasks.audit import lock_head

    lock_head(hook, chain)
    newest = [each.head.number for each in heads().locked() if each.chain == chain]
    assert sorted(newest) == [3, 4]
    lock_head(hook, "nobody-ever-wrote-here")
    assert breaks(chain) == []


def hook(kind: Callable[[str], Any], role: Any = None, duty: str | None = None) -> Any:
    return kind(f"causeway_{role}_{duty}".replace("-", "_"))


def test_a_head_that_does_not_name_the_last_entry_is_not_locked(
    chain: str, administrator: Administrator
) -> None:
    from causeway_airflow.tasks.audit import AuditBroken, lock_head

    right = table().get(head_key(chain)) or {}
    for said in ({"digest": "f" * 64}, {"number": 9}, {"number": 3}):
        administrator.put(right | said)
        with pytest.raises(AuditBroken, match=f"chain {chain} has no entry"):
            lock_head(hook, chain)
    administrator.put(right)
    administrator.edit(entry_key(chain, 4), person="nobody")
    with pytest.raises(AuditBroken):
        lock_head(hook, chain)
    assert [each.head.number for each in heads().locked() if each.chain == chain] == [3]


def test_an_entry_that_an_administrator_edited_fails_the_run_which_names_it(
    chain: str, administrator: Administrator, heard: Any
) -> None:
    heard()
    administrator.edit(entry_key(chain, 2), person="nobody")
    with pytest.raises(AirflowFailException, match=f"chain {chain}, entry 2: it was changed"):
        verify()
    alert = next(alert for alert in heard() if alert["subject"] == chain)
    assert alert["severity"] == "critical"
    assert f"chain {chain}, entry 2" in alert["alert"]
    newest = max(each.head.number for each in heads().locked() if each.chain == chain)
    assert newest == 3  # a chain that is broken is not locked


def test_entries_that_an_administrator_deleted_are_missed_also_with_the_head_set_back(
    chain: str, administrator: Administrator
) -> None:
    first = table().get(entry_key(chain, 1)) or {}
    for number in (2, 3, 4):
        administrator.delete(entry_key(chain, number))
    assert [each.number for each in breaks(chain)] == [2]
    administrator.edit(head_key(chain), number=1, digest=first["digest"])
    (broken,) = breaks(chain)
    assert str(broken) == f"chain {chain}, entry 2: it is missing; entry 3 was locked"
    administrator.delete(entry_key(chain, 1))
    administrator.delete(head_key(chain))
    assert [each.number for each in breaks(chain)] == [1]
    with pytest.raises(AirflowFailException, match=f"chain {chain}, entry 1"):
        verify()  # the locked head alone tells that there was such a chain


def test_a_head_that_an_administrator_deleted_is_missed(
    chain: str, administrator: Administrator
) -> None:
    administrator.delete(head_key(chain))
    assert [each.what for each in breaks(chain)] == ["the head is missing"]


def test_a_chain_that_an_administrator_wrote_anew_differs_from_what_was_locked(
    chain: str, administrator: Administrator
) -> None:
    forged = [transition(chain, number, 9) for number in (1, 2, 3, 4)]
    for update in append(Head(), entries_after(Head(), forged, "somebody")):
        administrator.put(dict(update.item or {}))
    (broken,) = breaks(chain)
    assert (broken.number, broken.what) == (3, "it is not the entry that was locked")


def test_an_item_that_an_administrator_changed_is_not_what_its_entry_says(
    chain: str, administrator: Administrator
) -> None:
    key = Key(f"VERSION#{chain}", "STAGE#test")
    administrator.edit(key, status="deployed")
    (broken,) = breaks(chain)
    assert broken.number == 4
    assert broken.what == f"VERSION#{chain} STAGE#test is not what the entry says"


def test_a_decision_that_was_put_beside_the_audit_has_no_entry(
    platform: LocalPlatform, administrator: Administrator
) -> None:
    """The decider may write decisions: without an entry of it, one that it invents shows."""
    version = arn(900)
    facts = Facts(version, "f", "a", "b", "ml-engineer", None, NOW)
    assert table("decider").record([first_seen(facts, by("airflow:sync"))])
    assert breaks(version.group) == []
    invented = Key(decisions_pk(version), "DECISION#production#1")
    table("decider").write(create(invented, invented.item() | {"verdict": "approved"}))
    (broken,) = breaks(version.group)
    assert broken.what.startswith(f"{invented.pk} {invented.sk} stands in the table")
    administrator.delete(invented)
    assert breaks(version.group) == []


def test_a_locked_head_is_deleted_by_nobody_and_a_marker_hides_nothing(
    chain: str, administrator: Administrator
) -> None:
    s3 = administrator.s3
    versions = s3.list_object_versions(Bucket=BUCKET, Prefix=f"{PREFIX}{chain}/")["Versions"]
    (version,) = [{"Key": each["Key"], "VersionId": each["VersionId"]} for each in versions]
    held = s3.get_object_retention(Bucket=BUCKET, **version)["Retention"]
    assert held["Mode"] == "GOVERNANCE"
    refused("AccessDenied", s3.delete_object, Bucket=BUCKET, **version)
    refused(
        "AccessDenied",
        s3.delete_object,
        Bucket=BUCKET,
        **version,
        BypassGovernanceRetention=True,
    )
    refused(
        "AccessDenied",
        s3.put_object_retention,
        Bucket=BUCKET,
        **version,
        Retention={},
        BypassGovernanceRetention=True,
    )
    refused("AccessDenied", s3.put_object, Bucket=BUCKET, Key=version["Key"], Body=b"forged")
    s3.delete_object(Bucket=BUCKET, Key=version["Key"])
    assert [each.head.number for each in heads().locked() if each.chain == chain] == [3]


@pytest.mark.parametrize("duty", ["recorder", "decider", "audit-keeper"])
def test_no_duty_writes_both_chains_and_heads_nor_takes_heads_away(
    platform: LocalPlatform, duty: str
) -> None:
    from causeway_airflow.hooks.base import AwsCallError

    name = f"kept-from-{duty}"
    head = Head(1, "a" * 64)
    bucket = heads()
    bucket.lock(name, head)
    place = {"Bucket": BUCKET, "Key": object_key(name, head)}
    bucket = type(bucket)(f"causeway_governance_{duty.replace('-', '_')}")
    for operation, more in (
        ("delete_object", {}),
        ("delete_object", {"VersionId": "x", "BypassGovernanceRetention": True}),
        ("put_object_retention", {"Retention": {}}),
        ("put_object_legal_hold", {"LegalHold": {"Status": "OFF"}}),
    ):
        with pytest.raises(AwsCallError) as error:
            bucket.call(operation, **place, **more)
        assert error.value.denied, operation
    written = True
    try:
        table(duty).write(transition(name, 1, 1).updates[0])
    except AwsCallError as error:
        assert error.denied
        written = False
    assert written is (duty == "recorder")
    try:
        bucket.lock(name, head)
    except AwsCallError as error:
        assert error.denied and duty != "audit-keeper"
    else:
        assert duty == "audit-keeper"


def test_what_is_written_while_a_chain_is_read_is_no_break(
    chain: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query of several pages shows a head that its entries had not reached yet."""
    from causeway_airflow.tasks.audit import look

    keeper = table("audit-keeper")
    query, asked = keeper.query, []

    def meanwhile(pk: str) -> list[dict[str, Any]]:
        items = query(pk)
        asked.append(pk)
        return (
            [item for item in items if item.get("number") != 4 or item["sk"] == "HEAD"][:99]
            if len(asked) == 1
            else items
        )

    monkeypatch.setattr(keeper, "query", meanwhile)
    assert look(keeper, chain, heads().locked())[0] == []
    assert asked == [chain_pk(chain)] * 2


def test_the_program_of_the_page_verifies_a_chain_and_finds_what_was_changed(
    platform: LocalPlatform, chain: str, administrator: Administrator
) -> None:
    def run() -> subprocess.CompletedProcess[str]:
        (program,) = how_tos.programs("audit.md")
        keys = platform.accounts["governance"]
        environment = {
            **os.environ,
            "CHAIN": chain,
            "AUDIT_BUCKET": BUCKET,
            "AWS_ENDPOINT_URL": platform.endpoint,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": keys["access_key_id"],
            "AWS_SECRET_ACCESS_KEY": keys["secret_access_key"],
        }
        return subprocess.run(
            [sys.executable, "-c", program], env=environment, capture_output=True, text=True
        )

    ended = run()
    assert ended.returncode == 0, ended.stderr
    *entries, last = ended.stdout.splitlines()
    assert last == "4 entries, unbroken"
    assert [line.split()[0] for line in entries] == ["1", "2", "3", "4"]
    heads().call("put_object", Bucket=BUCKET, Key=f"{PREFIX}{chain}/a-foreign-name", Body=b"")
    right = table().get(head_key(chain)) or {}
    assert run().returncode == 0
    administrator.put(right | {"digest": "f" * 64})
    assert run().stderr.startswith("the head does not name entry 4: (4, 'ffff")
    administrator.put(right | {"number": 3})
    assert run().stderr.startswith("the head does not name entry 4: (3, ")
    administrator.put(right)
    administrator.edit(entry_key(chain, 3), reason="was always so")
    assert run().stderr.strip() == "entry 3 is not as it was written"
    for number in (2, 3, 4):
        administrator.delete(entry_key(chain, number))
    assert run().stderr.strip() == "entry 2 is missing: entry 3 was locked"
