"""A model's card is there from the start and follows its version; what says nothing new is no
version."""

from __future__ import annotations

import json
from typing import Any

import pytest

from causeway.digests import sha256
from causeway.errors import UnexpectedState
from causeway.items import Key
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import ABOUT, register, run_of, sync
from tests.plugins.conftest import context, execute


def card(platform: LocalPlatform) -> dict[str, Any]:
    client = platform.client("sagemaker", "shared_services")
    found: dict[str, Any] = client.describe_model_card(ModelCardName="credit-risk")
    return found


def shared_with(platform: LocalPlatform) -> set[str]:
    """The stages that the card of credit risk is shared with."""
    found = platform.client("ram", "shared_services").list_resources(
        resourceOwner="SELF", resourceArns=[card(platform)["ModelCardArn"]]
    )["resources"]
    shares = platform.client("ram", "shared_services").get_resource_shares(
        resourceOwner="SELF", resourceShareArns=[one["resourceShareArn"] for one in found]
    )
    return {one["name"].rpartition("-")[2] for one in shares["resourceShares"]}


def test_a_card_follows_its_version_to_production(shared: LocalPlatform) -> None:
    from causeway_airflow.operators.model_cards import (
        EnsureModelCardsOperator,
        HandOverCardOperator,
    )
    from causeway_airflow.operators.sharing import (
        AcceptInvitationsOperator,
        DiscoverSharedOperator,
    )

    ensure = EnsureModelCardsOperator(task_id="cards")
    assert set(ensure.perform({})) <= {"credit-risk", "california-housing"}
    assert ensure.perform({}) == []
    assert card(shared)["ModelCardStatus"] == "Draft"
    before = card(shared)["ModelCardVersion"]
    version = register("on its card").perform(context())["version_arn"]
    sync()

    filled = card(shared)
    assert (filled["ModelCardStatus"], filled["ModelCardVersion"]) == ("Draft", before + 1)
    register("on its card").perform(context("run-2"))
    assert card(shared)["ModelCardVersion"] == before + 1

    def hand_over(stage: str) -> int:
        """Hand the card over, have it accepted, and return how many versions that made."""
        at = card(shared)["ModelCardVersion"]
        operator = HandOverCardOperator(
            task_id=stage, hand_over=stage, version_arn=version, attempt=1, **ABOUT
        )
        for one in operator.perform(run_of(version)):
            done = AcceptInvitationsOperator(task_id="accept", **one).perform(context())
            assert set(done.values()) <= {"accept", "done"}
        return int(card(shared)["ModelCardVersion"]) - at

    def received(role: str) -> bool:
        shown = DiscoverSharedOperator(task_id="see", account_role=role).perform(context())
        return card(shared)["ModelCardArn"] in shown["model_cards"]

    assert [hand_over("test"), hand_over("test")] == [1, 0]
    assert [received("test"), received("prod")] == [True, False]
    assert shared_with(shared) == {"development", "test"}
    assert card(shared)["ModelCardStatus"] == "PendingReview"
    content = json.loads(card(shared)["Content"])
    assert content["model_package_details"]["model_package_arn"] == version
    assert content["evaluation_details"][0]["name"] == "held-out test part"
    assert [hand_over("production"), hand_over("production"), hand_over("test")] == [1, 0, 0]
    assert (card(shared)["ModelCardStatus"], card(shared)["ModelCardVersion"]) == (
        "Approved",
        before + 3,
    )
    assert shared_with(shared) == {"development", "test", "production"}
    assert received("prod")


def test_what_a_card_said_of_a_version_is_exported_once_and_kept(shared: LocalPlatform) -> None:
    from causeway_airflow.hooks.governance import GovernanceHook
    from causeway_airflow.operators.card_exports import ExportModelCardOperator
    from causeway_airflow.operators.model_cards import HandOverCardOperator

    version = register("exported").perform(context())["version_arn"]
    sync()
    about = {"version_arn": version, "attempt": 1, **ABOUT}
    HandOverCardOperator(task_id="approved", hand_over="production", **about).perform(
        run_of(version)
    )
    approved = card(shared)["ModelCardVersion"]
    register("told of next").perform(context("run-2"))

    export = ExportModelCardOperator(task_id="export", **about)
    done = execute(export, run_of(version))
    assert done["card_version"] == approved
    bucket, _, key = done["uri"].removeprefix("s3://").partition("/")
    s3 = shared.client("s3", "shared_services")
    pdf = s3.get_object(Bucket=bucket, Key=key)["Body"].read()
    assert pdf.startswith(b"%PDF") and sha256(pdf) == done["sha256"]
    assert export.perform(run_of(version)) == done
    jobs = shared.client("sagemaker", "shared_services").list_model_card_export_jobs(
        ModelCardName="credit-risk"
    )
    assert len(jobs["ModelCardExportJobSummaries"]) == 1
    table = GovernanceHook("causeway_governance_recorder")
    item = table.get(Key(f"VERSION#{version}", f"CARD#{approved}"))
    assert item is not None
    assert (item["sha256"], item["card_status"]) == (done["sha256"], "Approved")

    s3.put_object(Bucket=bucket, Key=key, Body=b"%PDF forged")
    with pytest.raises(UnexpectedState, match="wrote over it"):
        export.perform(run_of(version))


def test_a_card_tells_what_the_live_endpoint_answered(shared: LocalPlatform, approved: str) -> None:
    from causeway_airflow.operators.endpoints import DeployEndpointOperator
    from causeway_airflow.operators.model_cards import HandOverCardOperator
    from causeway_airflow.operators.promotion import EndpointTestOperator

    about = {"version_arn": approved, "attempt": 1, **ABOUT}
    in_test = {"account_role": "test", **about}
    hand_over = HandOverCardOperator(task_id="tested", hand_over="test", **about)
    hand_over.perform(run_of(approved))
    execute(DeployEndpointOperator(task_id="deploy", **in_test), run_of(approved))
    metrics = execute(EndpointTestOperator(task_id="test", **in_test), run_of(approved))

    at = card(shared)["ModelCardVersion"]
    for _ in range(2):
        hand_over.perform(run_of(approved))
        assert card(shared)["ModelCardVersion"] == at + 1
    assert card(shared)["ModelCardStatus"] == "PendingReview"
    entries = {e["name"]: e for e in json.loads(card(shared)["Content"])["evaluation_details"]}
    assert set(entries) == {"held-out test part", "live endpoint in test"}
    (group,) = entries["live endpoint in test"]["metric_groups"]
    assert {one["name"]: one["value"] for one in group["metric_data"]} == metrics
    register("of the next version").perform(context("run-2"))
    entries = {e["name"]: e for e in json.loads(card(shared)["Content"])["evaluation_details"]}
    assert set(entries) == {"held-out test part"}
