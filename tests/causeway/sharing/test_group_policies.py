import json
from dataclasses import replace

import pytest

from causeway.errors import SharingError
from causeway.sharing.actions import (
    DeleteGroupPolicy,
    Disassociate,
    PromotePermission,
    PromoteShare,
    PutGroupPolicy,
)
from causeway.sharing.grants import desired_grants
from causeway.sharing.group_policies import (
    groups_to_look_at,
    plan_group_policies,
    policy_statements,
    promoted_name,
)
from causeway.sharing.permissions import Permission
from causeway.sharing.shares import ObservedShare, OwnerState
from causeway.topology.access_rules import AccessRule, Grant
from tests.causeway.values import MODEL_GROUP as GROUP
from tests.causeway.values import SHARED_SERVICES as OWNER

THEIRS = {"Sid": "Audit", "Effect": "Allow", "Principal": "*", "Action": "sagemaker:x"}


@pytest.fixture
def grants(case, topology, now):
    rules = tuple(
        AccessRule.model_validate({"resource": "model_groups", "route": "policy", **rule})
        for rule in (
            {"grant": "register", "to": ["data_science"]},
            {"grant": "deploy", "to": ["prod", "test"]},
        )
    )
    bare = topology.model_copy(update={"access": ()})
    return desired_grants((case.model_copy(update={"access": rules}),), bare, now)


def state(policy=None, *shares, permissions=()) -> OwnerState:
    document = policy if policy is None or isinstance(policy, str) else json.dumps(policy)
    policies = {GROUP: document} if document else {}
    return OwnerState(OWNER, tuple(shares), tuple(permissions), frozenset({GROUP}), policies)


def of_statements(*statements) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def test_each_grant_is_a_statement_for_whole_accounts_on_the_group_and_its_versions(grants) -> None:
    statements = {statement["Sid"]: statement for statement in policy_statements(grants)}
    assert set(statements) == {"CausewayMayModelGroupRegister", "CausewayMayModelGroupDeploy"}
    deploy = statements["CausewayMayModelGroupDeploy"]
    assert deploy["Principal"] == {
        "AWS": ["arn:aws:iam::555555555555:root", "arn:aws:iam::666666666666:root"]
    }
    assert "sagemaker:CreateModel" in deploy["Action"]
    assert "sagemaker:UpdateModelPackage" not in deploy["Action"]
    assert deploy["Resource"] == [GROUP, GROUP.replace("-group/", "/") + "/*"]


def test_a_policy_is_written_once_and_statements_of_others_survive(grants) -> None:
    (plan,) = plan_group_policies(grants, state(of_statements(THEIRS)))
    (action,) = plan.actions
    assert isinstance(action, PutGroupPolicy)
    assert THEIRS in json.loads(action.document)["Statement"]
    (plan,) = plan_group_policies(grants, state(action.document))
    assert plan.is_quiet


def test_what_a_policy_made_is_promoted_permission_first(grants) -> None:
    document = of_statements(*policy_statements(grants))
    actions = frozenset(a.lower() for a in policy_statements(grants)[0]["Action"])
    leftover = Permission(
        "p",
        "n",
        "sagemaker:ModelPackageGroup",
        actions,
        managed=False,
        feature_set="CREATED_FROM_POLICY",
    )
    share = ObservedShare(
        "s",
        "from-policy",
        OWNER,
        "ACTIVE",
        {GROUP: "ASSOCIATED"},
        {},
        {"p": "1"},
        feature_set="CREATED_FROM_POLICY",
    )
    (plan,) = plan_group_policies(grants, state(document, share, permissions=[leftover]))
    name = promoted_name(Grant.DEPLOY, GROUP)
    assert plan.actions == (PromotePermission("p", name), PromoteShare("s"))
    assert len(name) <= 36
    # killed between the two: the permission is not promoted again
    own = replace(leftover, arn="q", name=name, feature_set="STANDARD")
    (plan,) = plan_group_policies(grants, state(document, share, permissions=[leftover, own]))
    assert plan.actions == (PromoteShare("s"),)
    done = replace(share, feature_set="STANDARD", permissions={"q": "1"})
    (plan,) = plan_group_policies(grants, state(document, done, permissions=[leftover, own]))
    assert plan.is_quiet


def test_a_group_leaves_its_share_before_it_gets_a_policy(grants) -> None:
    shared = ObservedShare("s", "causeway-models-x", OWNER, "ACTIVE", {GROUP: "ASSOCIATED"}, {}, {})
    (plan,) = plan_group_policies(grants, state(None, shared))
    assert plan.actions[0] == Disassociate("s", "causeway-models-x", (GROUP,))
    assert isinstance(plan.actions[1], PutGroupPolicy)


def test_a_group_that_returns_to_ram_loses_our_policy_only(grants) -> None:
    by_ram = [replace(grant, route="ram") for grant in grants]
    (plan,) = plan_group_policies(by_ram, state(of_statements(*policy_statements(grants))))
    assert plan.actions == (DeleteGroupPolicy("credit-risk"),)
    mixed = of_statements(THEIRS, *policy_statements(grants))
    (plan,) = plan_group_policies((), state(mixed))
    (action,) = plan.actions
    assert json.loads(action.document)["Statement"] == [THEIRS]
    assert plan_group_policies((), state(action.document))[0].is_quiet


def test_a_group_with_a_policy_of_others_is_not_shared_through_ram(grants) -> None:
    by_ram = [replace(grant, route="ram") for grant in grants]
    with pytest.raises(SharingError, match="has a resource policy of others"):
        plan_group_policies(by_ram, state(of_statements(THEIRS)))


def test_a_group_that_does_not_exist_yet_is_waited_for(grants) -> None:
    (plan,) = plan_group_policies(grants, OwnerState(OWNER))
    assert (plan.is_quiet, plan.waiting) == (True, (f"{GROUP} does not exist yet",))


def test_only_policies_that_matter_are_read(grants) -> None:
    by_ram = [replace(grant, route="ram") for grant in grants]
    ours = ObservedShare("s", "causeway-m", OWNER, "ACTIVE", {GROUP: "ASSOCIATED"})
    from_policy = replace(ours, name="from-policy", feature_set="CREATED_FROM_POLICY")
    assert groups_to_look_at(by_ram, [ours]) == ()
    assert groups_to_look_at(by_ram, [ours, from_policy]) == (GROUP,)
    assert groups_to_look_at(grants, []) == (GROUP,)
