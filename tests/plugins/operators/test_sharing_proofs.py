"""What sharing promises: who may not, may not; a killed run is finished; calls follow changes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from causeway.sharing.grants import DesiredGrant
from causeway.topology.access_rules import Grant, ResourceKind
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import AccountId
from causeway.topology.arns import ModelPackageGroupArn
from localaws.ram.grants import store_of
from localaws.ram.shares import Share
from tests.localaws.conftest import ACCOUNTS, REGION
from tests.plugins.sharing_world import DEPLOY, READ_CARD, World, refused

MOMENT = "2024-01-02T12:00:00Z"


# ------------------------------------------------------------------ who may not, may not
def test_a_group_that_is_discoverable_but_not_shared_refuses_everything(here: World) -> None:
    shared, hidden = here.feature_group("credit-risk-loan"), here.feature_group("not-declared")
    here.declare(
        {"resource": "feature_catalog", "grant": "discover", "to": ["data_science"]},
        {
            "resource": "feature_groups",
            "grant": "read",
            "to": ["data_science"],
            "names": ["credit-risk-loan"],
        },
    )
    assert sorted(here.run()) == ["accept", "accept", "create", "create"]
    from causeway_airflow.operators.sharing import DiscoverSharedOperator

    discovered = DiscoverSharedOperator(task_id="find", account_role="data_science").perform({})
    assert discovered["feature_groups"] == sorted([shared, hidden])
    sagemaker = here.client("sagemaker", "data_science")
    runtime = here.client("sagemaker-featurestore-runtime", "data_science")
    assert sagemaker.describe_feature_group(FeatureGroupName=shared)
    record = [
        {"FeatureName": name, "ValueAsString": value}
        for name, value in (("record_id", "one"), ("event_time", MOMENT))
    ]
    key = {"FeatureGroupName": hidden, "RecordIdentifierValueAsString": "one"}
    refused(sagemaker.describe_feature_group, FeatureGroupName=hidden)
    refused(runtime.get_record, **key)
    refused(runtime.put_record, FeatureGroupName=hidden, Record=record)
    refused(runtime.delete_record, **key, EventTime=MOMENT)
    # and who may only read cannot write
    assert runtime.get_record(FeatureGroupName=shared, RecordIdentifierValueAsString="one")
    refused(runtime.put_record, FeatureGroupName=shared, Record=record)
    refused(runtime.delete_record, **{**key, "FeatureGroupName": shared}, EventTime=MOMENT)


def test_a_reader_that_becomes_a_writer_reads_writes_and_deletes(here: World) -> None:
    group = here.feature_group("credit-risk-loan")
    rule = {"resource": "feature_groups", "to": ["data_science"], "label": "science"}
    here.declare({**rule, "grant": "read"})
    here.run()
    here.declare({**rule, "grant": "read_write"})
    assert here.run() == ["replace permission"]
    runtime = here.client("sagemaker-featurestore-runtime", "data_science")
    record = [
        {"FeatureName": name, "ValueAsString": value}
        for name, value in (("record_id", "one"), ("event_time", MOMENT))
    ]
    key = {"FeatureGroupName": group, "RecordIdentifierValueAsString": "one"}
    runtime.put_record(FeatureGroupName=group, Record=record)
    assert runtime.get_record(**key)["Record"]
    runtime.delete_record(**key, EventTime="2024-01-03T12:00:00Z")
    assert "Record" not in runtime.get_record(**key)


def test_production_reads_a_card_and_only_who_was_given_it_updates_or_exports(here: World) -> None:
    card = here.card()
    here.declare(
        READ_CARD,
        {"resource": "model_cards", "grant": "read_write", "to": ["test"]},
        {"resource": "model_cards", "grant": "export", "to": ["data_science"]},
    )
    here.run()
    assert here.run() == []
    cards = {role: here.client("sagemaker", role) for role in ("prod", "test", "data_science")}
    update = {"ModelCardName": card, "ModelCardStatus": "PendingReview"}
    for client in cards.values():
        assert client.describe_model_card(ModelCardName=card)["ModelCardStatus"] == "Draft"
    refused(cards["prod"].update_model_card, **update)
    refused(cards["data_science"].update_model_card, **update)
    here.client("s3", "data_science").create_bucket(
        Bucket="exports", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    export = {
        "ModelCardName": card,
        "ModelCardExportJobName": "for-the-audit",
        "OutputConfig": {"S3OutputPath": "s3://exports/cards"},
    }
    refused(cards["prod"].create_model_card_export_job, **export)
    refused(cards["test"].create_model_card_export_job, **export)
    job = cards["data_science"].create_model_card_export_job(**export)["ModelCardExportJobArn"]
    for _ in range(2000):
        export_job = cards["data_science"].describe_model_card_export_job(ModelCardExportJobArn=job)
        if export_job["Status"] != "InProgress":
            break
    assert export_job["Status"] == "Completed", export_job
    cards["test"].update_model_card(**update)
    assert cards["prod"].describe_model_card(ModelCardName=card)["ModelCardVersion"] == 2
    from causeway_airflow.operators.sharing import DiscoverSharedOperator

    listed = DiscoverSharedOperator(task_id="find", account_role="prod").perform({})
    assert listed["model_cards"] == [card]


def test_of_a_thousand_invitations_of_strangers_none_is_accepted(here: World) -> None:
    here.model_group()
    here.declare(DEPLOY)
    names = ("causeway-models-credit-risk-deploy", "causeway-models", "free-lunch")
    store, now = store_of(here.cloud, REGION), here.cloud.clock.now()
    for number in range(1000):
        stranger = f"{900000000000 + number}"
        share = Share(
            f"arn:aws:ram:{REGION}:{stranger}:resource-share/{number}",
            names[number % 3],
            stranger,
            True,
            now,
            now,
        )
        store.add(share)
        store.add_principal(share, ACCOUNTS["prod"], now, invite=True, external=True)
    assert here.run() == ["create", "accept"]
    statuses = Counter(invitation.status for invitation in store.invitations.values())
    assert statuses == {"PENDING": 1000, "ACCEPTED": 1}
    assert Counter(op for op, _ in here.calls)["list_pending_invitation_resources"] == 1


# ------------------------------------------------------------------ a killed run
class Killed(Exception):
    """The worker died after a call had taken effect."""


def test_a_run_killed_after_any_call_leaves_one_of_each_to_the_next(here: World) -> None:
    here.model_group()
    here.card()
    here.declare(DEPLOY, READ_CARD, {**DEPLOY, "grant": "review", "to": ["test"]})
    dies_after, survived = 0, False
    while not survived:
        store_of(here.cloud, REGION).__init__()  # nothing is shared any more
        survived = killed_run(here, dies_after)
        here.run()
        assert here.run() == []
        once(here)
        dies_after += 1
    assert dies_after > 8, "permissions, shares and acceptances were cut, one after the other"


def killed_run(here: World, dies_after: int) -> bool:
    """Run until that many changing calls took effect; return whether the run came to its end."""
    from causeway_airflow.hooks.base import CausewayHook

    plain, left = CausewayHook.call, dies_after

    def call(hook: CausewayHook, operation: str, **params: Any) -> dict[str, Any]:
        nonlocal left
        done = plain(hook, operation, **params)
        if not operation.startswith(("get_", "list_")):
            if left == 0:
                raise Killed
            left -= 1
        return done

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(CausewayHook, "call", call)
        try:
            here.run()
        except Killed:
            return False
    return True


def once(here: World) -> None:
    ram = here.client("ram", "shared_services")
    names = Counter(share["name"] for share in here.shares())
    assert names == {
        "causeway-models-credit-risk-deploy": 1,
        "causeway-models-credit-risk-review": 1,
        "causeway-cards-credit-risk-read": 1,
    }
    for kind in ("PRINCIPAL", "RESOURCE"):
        reply = ram.get_resource_share_associations(associationType=kind)
        pairs = Counter(
            (part["resourceShareName"], part["associatedEntity"], part["status"])
            for part in reply["resourceShareAssociations"]
        )
        assert set(pairs.values()) == {1}
        assert {status for _, _, status in pairs} == {"ASSOCIATED"}
        assert len(pairs) == 3
    own = ram.list_permissions(permissionType="CUSTOMER_MANAGED")["permissions"]
    assert len(own) == 2
    for permission in own:
        versions = ram.list_permission_versions(permissionArn=permission["arn"])["permissions"]
        assert [version["version"] for version in versions] == ["1"]


# ------------------------------------------------------------------ fan-out
def test_calls_grow_with_what_changed_not_with_accounts_times_resources(here: World) -> None:
    from causeway.topology.accounts import load_topology
    from causeway_airflow.hooks.owned_resources import OwnedResourcesHook
    from causeway_airflow.hooks.ram import RamHook
    from causeway_airflow.tasks.sharing import OwnerSharing

    owner = AccountId(ACCOUNTS["shared_services"])
    groups = [here.model_group(f"model-{number}") for number in range(51)]
    consumers = [f"{700000000000 + number}" for number in range(21)]

    def calls(resources: list[str], principals: list[str]) -> Counter[str]:
        grants = [
            DesiredGrant(
                owner,
                "causeway-models-all-deploy",
                ModelPackageGroupArn.parse(resource),
                principal,
                ResourceKind.MODEL_GROUPS,
                Grant.DEPLOY,
                AccountRole.SHARED_SERVICES,
            )
            for resource in resources
            for principal in principals
        ]
        here.calls.clear()
        connection = "causeway_shared_services_registry_owner"
        hooks = RamHook(connection), OwnedResourcesHook(connection)
        sharing = OwnerSharing(*hooks, owner, load_topology(), grants)
        for plan in sharing.plans():
            if not plan.is_quiet:
                sharing.converge(plan.name)
        return Counter(operation for operation, _ in here.calls)

    def changing(counts: Counter[str]) -> dict[str, int]:
        return {k: v for k, v in counts.items() if not k.startswith(("get_", "list_"))}

    first = calls(groups[:50], consumers[:20])
    assert changing(first) == {"create_resource_share": 1}
    quiet = calls(groups[:50], consumers[:20])
    assert changing(quiet) == {}
    one_consumer = calls(groups[:50], consumers[:1])
    assert changing(one_consumer) == {"disassociate_resource_share": 1}
    assert changing(calls(groups[:50], consumers[:20])) == {"associate_resource_share": 1}
    assert changing(calls(groups, consumers[:20])) == {"associate_resource_share": 1}
    assert changing(calls(groups, consumers)) == {"associate_resource_share": 1}
    # What a look costs: the lists of the account, by pages.
    small = calls(groups[:1], consumers[:1])
    assert changing(small) == {"disassociate_resource_share": 1}
    least = sum(calls(groups[:1], consumers[:1]).values())
    assert sum(quiet.values()) <= least + 4, (quiet, least)
    assert sum(quiet.values()) <= 16
