"""Tasks killed after each of their effects, then run again: everything is there once.

The tests of this file build on each other, top to bottom: each task is killed after the n-th call
of each effect it has, and its last run has to find what the killed ones left.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from causeway.governance.audit_heads import verify
from tests.chaos import chain
from tests.chaos.conftest import Chaos

MADE: dict[str, Any] = {}


def objects(chaos: Chaos, role: str, prefix: str) -> list[str]:
    """Return every version of every object below a prefix of an account's bucket."""
    account = chaos.platform.accounts[role]["id"]
    bucket = f"causeway-{role.replace('_', '-')}-{account}-eu-central-1"
    listed = chaos.platform.client("s3", role).list_object_versions(Bucket=bucket, Prefix=prefix)
    assert not listed["IsTruncated"]
    return [found["Key"] for found in listed.get("Versions", [])]


def jobs(chaos: Chaos, role: str, kind: str) -> list[str]:
    client = chaos.platform.client("sagemaker", role)
    listed = getattr(client, f"list_{kind}_jobs")()[f"{kind.capitalize()}JobSummaries"]
    return [job[f"{kind.capitalize()}JobName"] for job in listed]


def shares(chaos: Chaos, role: str) -> list[dict[str, Any]]:
    found = chaos.platform.client("ram", role).get_resource_shares(resourceOwner="SELF")
    return [one for one in found["resourceShares"] if one["status"] == "ACTIVE"]


# -------------------------------------------------------------------------------- sharing
def test_each_feature_group_is_made_once(chaos: Chaos) -> None:
    chaos.survive(chain.DEFINE, [chain.CREATE_GROUP])
    assert chaos.succeed(chain.DEFINE) == []
    found = chaos.platform.client("sagemaker", "data").list_feature_groups()
    names = [group["FeatureGroupName"] for group in found["FeatureGroupSummaries"]]
    assert len(names) == len(set(names)) == 3


@pytest.mark.parametrize("role", ["data", "shared_services"])
def test_each_share_is_made_once(chaos: Chaos, role: str) -> None:
    for step in chain.share(role):
        chaos.survive(step, [chain.CREATE_SHARE])
    names = [share["name"] for share in shares(chaos, role)]
    assert sorted(names) == sorted(chain.SHARES[role])
    assert [chaos.succeed(step) for step in chain.share(role)] == [[], []]


@pytest.mark.parametrize("role", chain.CONSUMERS)
def test_each_invitation_is_accepted_once(chaos: Chaos, role: str) -> None:
    chaos.survive(chain.accept(role), [chain.ACCEPT])
    assert set(chaos.succeed(chain.accept(role)).values()) == {"done"}
    ram = chaos.platform.client("ram", role)
    found = ram.get_resource_share_invitations()["resourceShareInvitations"]
    assert {one["status"] for one in found} == {"ACCEPTED"}
    assert len({one["resourceShareArn"] for one in found}) == len(found)


def test_what_fell_out_of_a_share_is_put_back_once(chaos: Chaos) -> None:
    ram = chaos.platform.client("ram", "data")
    (share,) = (one for one in shares(chaos, "data") if one["name"].endswith("-read"))
    listed = {"associationType": "RESOURCE", "resourceShareArns": [share["resourceShareArn"]]}
    before = ram.get_resource_share_associations(**listed)["resourceShareAssociations"]
    gone = sorted(one["associatedEntity"] for one in before)[:2]
    ram.disassociate_resource_share(resourceShareArn=share["resourceShareArn"], resourceArns=gone)
    _, read_features = chain.share("data")
    chaos.survive(read_features, [chain.ASSOCIATE])
    after = ram.get_resource_share_associations(**listed)["resourceShareAssociations"]
    active = [one["associatedEntity"] for one in after if one["status"] == "ASSOCIATED"]
    assert sorted(active) == sorted(one["associatedEntity"] for one in before)
    assert len([one for one in shares(chaos, "data") if one["name"] == share["name"]]) == 1


# ------------------------------------------------------------------------------ ingestion
def test_the_raw_file_is_stored_once(chaos: Chaos) -> None:
    MADE["raw"] = chaos.survive(chain.VALIDATE, [chain.PUT])
    assert MADE["raw"]["stored"] is False
    assert len(objects(chaos, "data", "raw/")) == 2  # the file, and its rows


def test_features_are_engineered_by_one_job(chaos: Chaos) -> None:
    step = chain.engineer(MADE["raw"])
    MADE["features"] = chaos.survive(step, [chain.PUT, chain.PROCESS])
    assert jobs(chaos, "data", "processing") == [MADE["features"]["job"]]
    code = objects(chaos, "data", "code/")
    assert len(code) == len(set(code))


def test_each_record_is_written_once(chaos: Chaos) -> None:
    step = chain.ingest(MADE["features"], MADE["raw"])
    done = chaos.survive(step, [chain.WRITE_RECORDS])
    # What the killed tasks wrote is not written again.
    assert 0 < sum(group["written"] for group in done.values()) < 3 * chain.ROWS
    done = chaos.succeed(step)
    assert {(group["records"], group["written"]) for group in done.values()} == {(chain.ROWS, 0)}


# ------------------------------------------------------------------------------- training
def test_one_dataset_and_one_job_a_step_are_made(chaos: Chaos) -> None:
    chaos.succeed(chain.POLICIES)
    MADE["dataset"] = chaos.survive(chain.DATASET, [chain.PUT])
    assert MADE["dataset"]["rows"] == chain.ROWS
    step = chain.preprocess(MADE["dataset"])
    parts = chaos.survive(step, [chain.PUT, chain.PROCESS])
    assert jobs(chaos, "data_science", "processing") == [parts["job"]]
    MADE["parts"] = parts["outputs"]["parts"]
    MADE["job"] = chaos.survive(chain.train(MADE["parts"]), [chain.PUT, chain.TRAIN])
    assert jobs(chaos, "data_science", "training") == [MADE["job"]["job"]]


def test_one_model_card_is_made(chaos: Chaos) -> None:
    chaos.survive(chain.CARDS, [chain.CREATE_CARD])
    assert chaos.succeed(chain.CARDS) == []
    assert card_versions(chaos) == ["Draft"]


def test_one_version_is_registered(chaos: Chaos) -> None:
    chaos.succeed(chain.evaluate(MADE["parts"], MADE["job"]))
    gated = chaos.survive(chain.gate(MADE["dataset"]), [chain.PUT])
    step = chain.register(MADE["dataset"], gated["report_sha256"])
    # Everything that it writes is a point where it may die: nine objects, then the version.
    # What is there already is refused and no call that fires, so each life ends one object later.
    before = chaos.deaths[chain.PUT]
    for _ in range(9):
        chaos.kill(step, chain.PUT, 1, deaths=1)
    assert chaos.deaths[chain.PUT] - before == 9
    found = chaos.survive(step, [chain.REGISTER, chain.UPDATE_CARD])
    assert found["version"] == 1
    assert found["created"] is False
    registry = chaos.platform.client("sagemaker", "shared_services")
    listed = registry.list_model_packages(ModelPackageGroupName="credit-risk")
    assert [one["ModelPackageArn"] for one in listed["ModelPackageSummaryList"]] == [
        found["version_arn"]
    ]
    stored = objects(chaos, "shared_services", "")
    assert len(stored) == len(set(stored)) == 9
    assert card_versions(chaos) == ["Draft", "Draft"]  # the second tells of the version
    MADE["version"] = found["version_arn"]


# ----------------------------------------------------------------------------- deployment
def test_a_decision_is_recorded_once(chaos: Chaos) -> None:
    chaos.survive(chain.SYNC, [chain.WRITE_ITEM])
    chaos.platform.person("model-owner").update_model_package(
        ModelPackageArn=MADE["version"], ModelApprovalStatus="Approved", ApprovalDescription="good"
    )
    chaos.survive(chain.SYNC, [chain.WRITE_ITEM])
    kinds = [item["sk"]["S"] for item in items(chaos) if MADE["version"] in item["pk"]["S"]]
    assert len([kind for kind in kinds if kind.startswith("DECISION#")]) == 1
    assert len([kind for kind in kinds if kind == "PROMOTION"]) == 1
    assert len([kind for kind in kinds if kind == "STAGE#development"]) == 1
    assert sorted(entries(chaos)) == [
        ("decided", "", "approved"),
        ("promotion", "", "1 requested"),
        ("recorded", "", "pending"),
        ("recorded", "pending", "approved"),
        ("seen", "", ""),
    ]


def test_a_model_card_is_handed_over_once(chaos: Chaos) -> None:
    before = card_versions(chaos)
    step = chain.hand_over_for_test(MADE["version"])
    chaos.survive(step, [chain.UPDATE_CARD, chain.CREATE_SHARE])
    chaos.succeed(step)
    assert card_versions(chaos) == [*before, "PendingReview"]
    names = [one["name"] for one in shares(chaos, "shared_services")]
    assert len(names) == len(set(names))


def test_one_endpoint_is_deployed_and_one_record_written(chaos: Chaos) -> None:
    step = chain.deploy(MADE["version"])
    effects = (
        chain.TAKE_LEASE,
        chain.CREATE_MODEL,
        chain.CREATE_CONFIG,
        chain.CREATE_ENDPOINT,
        chain.WRITE_ITEM,
    )
    done = chaos.survive(step, effects)
    client = chaos.platform.client("sagemaker", "test")
    (endpoint,) = client.list_endpoints()["Endpoints"]
    assert (endpoint["EndpointName"], endpoint["EndpointStatus"]) == ("credit-risk", "InService")
    assert len(client.list_models()["Models"]) == 1
    (config,) = client.list_endpoint_configs()["EndpointConfigs"]
    assert config["EndpointConfigName"] == done["endpoint_config"]
    found = items(chaos)
    live = [one for one in found if one["sk"]["S"] == "LIVE"]
    assert [one["version_arn"]["S"] for one in live] == [MADE["version"]]
    (lease,) = [one for one in found if one["sk"]["S"] == "LEASE"]
    assert int(lease["lease_until"]["N"]) > 0  # it goes on to the test of the endpoint
    stages = [one for one in found if one["sk"]["S"] == "STAGE#test"]
    assert [one["status"]["S"] for one in stages] == ["in_progress"]
    written = entries(chaos)
    assert len(written) == len(set(written)) == 7
    assert ("went_live", "", MADE["version"]) in written


def test_every_effect_killed_a_task(chaos: Chaos) -> None:
    texts = [value for value in vars(chain).values() if isinstance(value, str)]
    effects = {text for text in texts if re.fullmatch(r"[a-z0-9-]+:[A-Z][A-Za-z]+", text)}
    assert len(effects) == 16
    assert not {effect for effect in effects if not chaos.deaths[effect]}, chaos.deaths


def card_versions(chaos: Chaos) -> list[str]:
    """Return the status of each version of the model's card."""
    client = chaos.platform.client("sagemaker", "shared_services")
    listed = client.list_model_card_versions(ModelCardName="credit-risk", SortBy="Version")
    versions = listed["ModelCardVersionSummaryList"]
    return [
        one["ModelCardStatus"] for one in sorted(versions, key=lambda one: one["ModelCardVersion"])
    ]


def entries(chaos: Chaos) -> list[tuple[str, str, str]]:
    """Return what the entries of the model's chain say was done, once it is seen to be unbroken."""
    from boto3.dynamodb.types import TypeDeserializer

    read = TypeDeserializer().deserialize
    found = [{name: read(value) for name, value in item.items()} for item in items(chaos)]
    chain_items = sorted(
        (
            {**item, "number": int(item["number"])}
            for item in found
            if item["pk"] == "AUDIT#credit-risk"
        ),
        key=lambda item: str(item["sk"]),
    )
    assert verify("credit-risk", chain_items, []) is None
    return [(e["action"], e["before"], e["after"]) for e in chain_items if e["sk"] != "HEAD"]


def items(chaos: Chaos) -> list[dict[str, Any]]:
    table = chaos.platform.client("dynamodb", "governance")
    found: list[dict[str, Any]] = table.scan(TableName="causeway-governance")["Items"]
    return found
