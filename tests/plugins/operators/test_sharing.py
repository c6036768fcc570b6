"""The sharing run on a local AWS: what is declared comes about, and nothing else."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from causeway.errors import NotSharedYet
from tests.localaws.conftest import ACCOUNTS
from tests.plugins.sharing_world import DEPLOY, READ_CARD, World, refused


def test_a_first_run_shares_and_accepts_and_a_second_does_nothing(here: World) -> None:
    group = here.model_group()
    here.declare(DEPLOY)
    production = here.client("sagemaker", "prod")
    refused(production.describe_model_package_group, ModelPackageGroupName=group)
    assert here.run() == ["create", "accept"]
    assert production.describe_model_package_group(ModelPackageGroupName=group)
    assert here.run() == []


def test_what_does_not_exist_yet_waits_and_holds_nothing_up(here: World) -> None:
    here.model_group()
    here.declare(DEPLOY, READ_CARD)
    assert here.run() == ["create", "accept"]
    (plan,) = [p for p in here.plans()[1] if p["share"] == "causeway-cards-credit-risk-read"]
    assert (plan["actions"], plan["offered"]) == (["nothing"], False)
    assert "does not exist yet" in plan["waiting"][0]
    here.card()
    assert here.run() == ["create permission", "create", "accept"]


def test_a_plan_changes_nothing(here: World) -> None:
    here.model_group()
    here.declare(DEPLOY)
    (plan,) = here.plans()[1]
    assert plan["actions"][0].startswith("create: name causeway-models-credit-risk-deploy")
    assert here.shares() == []
    assert {
        operation for operation, _ in here.calls if not operation.startswith(("get", "list"))
    } == set()


def test_a_grant_that_expires_is_revoked(here: World) -> None:
    group = here.model_group()
    until = here.cloud.clock.now() + timedelta(hours=3)
    here.declare({**DEPLOY, "until": until.isoformat()})
    here.run()
    here.cloud.clock.advance(3 * 3600 + 1)
    assert here.run() == ["revoke"]
    assert here.shares() == []
    refused(
        here.client("sagemaker", "prod").describe_model_package_group, ModelPackageGroupName=group
    )


def test_a_grant_of_one_receiver_may_end_before_the_others(here: World) -> None:
    here.model_group()
    until = (here.cloud.clock.now() + timedelta(hours=3)).isoformat()
    here.declare(DEPLOY, {**DEPLOY, "to": ["test"], "until": until})
    assert here.run() == ["create", "accept", "accept"]
    here.cloud.clock.advance(3 * 3600 + 1)
    assert here.run() == ["revoke"]
    assert here.run() == []
    assert len(here.shares()) == 1
    listed = here.client("ram", "shared_services").list_principals(resourceOwner="SELF")
    assert [principal["id"] for principal in listed["principals"]] == [ACCOUNTS["prod"]]


def test_an_expired_invitation_is_shared_again_and_accepted_in_the_same_run(here: World) -> None:
    group = here.model_group()
    here.declare(DEPLOY)
    from causeway_airflow.operators.sharing import ConvergeShareOperator

    ConvergeShareOperator(
        task_id="converge",
        account_role="shared_services",
        share="causeway-models-credit-risk-deploy",
    ).perform({})
    here.cloud.clock.advance(12 * 3600)
    assert here.run() == ["re-share", "accept"]
    assert here.client("sagemaker", "prod").describe_model_package_group(
        ModelPackageGroupName=group
    )


def test_an_invitation_that_expires_under_the_run_is_shared_again_by_the_consumers_task(
    here: World,
) -> None:
    here.model_group()
    here.declare(DEPLOY)
    from causeway_airflow.operators.sharing import (
        AcceptInvitationsOperator,
        ConvergeShareOperator,
    )

    name = "causeway-models-credit-risk-deploy"
    ConvergeShareOperator(task_id="converge", account_role="shared_services", share=name).perform(
        {}
    )
    here.cloud.clock.advance(12 * 3600)
    accept = AcceptInvitationsOperator(task_id="accept", account_role="prod")
    assert accept.perform({}) == {name: "reshare"}
    assert accept.perform({}) == {name: "done"}


def test_a_consumer_describes_what_is_shared_and_names_what_is_not_open_yet(here: World) -> None:
    from causeway_airflow.operators.sharing import VerifyAccessOperator

    features, group, card = here.feature_group("credit-risk-loan"), here.model_group(), here.card()
    of_features = {"resource": "feature_groups", "grant": "read", "names": ["credit-risk-loan"]}
    of_cards = {"resource": "model_cards", "grant": "read"}
    science = {"to": ["data_science"]}
    here.declare({**DEPLOY, **science}, {**of_features, **science}, {**of_cards, **science})
    here.run()
    verify = VerifyAccessOperator(task_id="verify", account_role="data_science")
    assert verify.perform({}) == {"described": sorted([features, group, card]), "waiting": []}

    ram = here.client("ram", "shared_services")
    template = {"Effect": "Allow", "Action": ["sagemaker:ListModelCardVersions"]}
    less = ram.create_permission(
        name="less", resourceType="sagemaker:ModelCard", policyTemplate=json.dumps(template)
    )
    (cards,) = [s for s in here.shares() if s["name"] == "causeway-cards-credit-risk-read"]
    ram.associate_resource_share_permission(
        resourceShareArn=cards["resourceShareArn"],
        permissionArn=less["permission"]["arn"],
        replace=True,
    )
    with pytest.raises(NotSharedYet, match="model-card/credit-risk is shared, but not yet open"):
        verify.perform({})


def test_inside_an_organisation_nothing_is_waited_for(here: World) -> None:
    here.organisation(enabled=True, sharing=True)
    group = here.model_group()
    here.declare(DEPLOY)
    assert here.run() == ["create"]
    assert here.run() == []
    (share,) = here.shares()
    assert share["allowExternalPrincipals"] is False
    assert here.client("sagemaker", "prod").describe_model_package_group(
        ModelPackageGroupName=group
    )


def test_a_unit_and_the_organisation_are_receivers(here: World) -> None:
    here.organisation(enabled=True, sharing=True)
    group = here.model_group()
    organizations = here.client("organizations", "governance")
    root = organizations.list_roots()["Roots"][0]["Id"]
    unit = organizations.create_organizational_unit(ParentId=root, Name="workloads")
    unit_id = unit["OrganizationalUnit"]["Id"]
    organizations.move_account(
        AccountId=ACCOUNTS["prod"], SourceParentId=root, DestinationParentId=unit_id
    )
    here.declare({**DEPLOY, "to": [unit_id]})
    assert here.run() == ["create"]
    describe = {
        role: here.client("sagemaker", role).describe_model_package_group
        for role in ("prod", "test")
    }
    assert describe["prod"](ModelPackageGroupName=group)
    refused(describe["test"], ModelPackageGroupName=group)
    here.declare({**DEPLOY, "to": ["organisation"]})
    assert here.run() == ["revoke", "associate"]
    assert describe["test"](ModelPackageGroupName=group)


def test_a_group_may_be_shared_by_its_policy_and_come_back(here: World) -> None:
    group = here.model_group()
    here.declare(DEPLOY)
    here.run()
    here.declare({**DEPLOY, "route": "policy"}, {**DEPLOY, "route": "policy", "grant": "register"})
    # Each statement makes a share and its permission: both are promoted.
    assert here.run() == ["revoke", "write policy", *["promote"] * 4]
    assert here.run() == []
    production = here.client("sagemaker", "prod")
    listed = production.list_model_package_groups(CrossAccountFilterOption="CrossAccount")
    (shared,) = listed["ModelPackageGroupSummaryList"]
    assert shared["ModelPackageGroupArn"] == group
    assert {share["featureSet"] for share in here.shares()} == {"STANDARD"}
    here.declare(DEPLOY)
    assert here.run() == ["create", "delete policy", "accept"]
    assert here.run() == []
    (share,) = here.shares()
    assert share["name"] == "causeway-models-credit-risk-deploy"
