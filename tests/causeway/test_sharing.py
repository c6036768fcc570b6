from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causeway import accounts
from causeway.access_rules import Grant
from causeway.errors import SharingError
from causeway.sharing import (
    Associate,
    CreateShare,
    DesiredShare,
    Disassociate,
    ObservedShare,
    Permission,
    ReplacePermission,
    desired_shares,
    permission_for,
    permission_of,
    plan_share,
)

FEATURE_ACTIONS = ("describefeaturegroup", "describefeaturemetadata", "getrecord", "batchgetrecord")
GROUP_ACTIONS = ("describemodelpackagegroup", "describemodelpackage", "listmodelpackages")


def permission(name: str, kind: str, *actions: str) -> Permission:
    return Permission(
        f"arn:aws:ram::aws:permission/{name}",
        name,
        f"sagemaker:{kind}",
        frozenset(f"sagemaker:{action}" for action in actions),
    )


READ = permission("FeatureGroupReadOnly", "FeatureGroup", *FEATURE_ACTIONS)
WRITE = permission("FeatureGroupReadWrite", "featuregroup", *FEATURE_ACTIONS, "putrecord")
REGISTER = permission("Register", "ModelPackageGroup", *GROUP_ACTIONS, "createmodelpackage")
DEPLOY = permission("Deploy", "ModelPackageGroup", *GROUP_ACTIONS, "createmodel")
ALL = permission(
    "Everything",
    "ModelPackageGroup",
    *GROUP_ACTIONS,
    "createmodel",
    "createmodelpackage",
    "updatemodelpackage",
)
LISTED = (ALL, WRITE, READ, DEPLOY, REGISTER)


def test_the_least_permission_that_covers_the_grant_is_taken() -> None:
    assert permission_for(Grant.READ, LISTED) is READ
    assert permission_for(Grant.REGISTER, LISTED) is REGISTER
    assert permission_for(Grant.DEPLOY, LISTED) is DEPLOY


def test_a_permission_that_could_approve_is_never_taken() -> None:
    with pytest.raises(SharingError, match=r"listed: Everything"):
        permission_for(Grant.DEPLOY, (ALL, READ))


def test_a_permission_is_read_from_its_policy_template() -> None:
    answer = {
        "arn": "a",
        "name": "n",
        "resourceType": "sagemaker:FeatureGroup",
        "permission": '{"Effect":"Allow","Action":["sagemaker:GetRecord"]}',
    }
    assert permission_of(answer).actions == {"sagemaker:getrecord"}
    with pytest.raises(SharingError):
        permission_of({**answer, "permission": "{}"})


def test_the_declared_access_becomes_one_share_by_use_case_and_grant(case, topology, now) -> None:
    shares = {share.name: share for share in desired_shares((case,), topology, now)}
    assert {name: share.consumers for name, share in shares.items()} == {
        "causeway-features-credit-risk-read": ("222222222222",),
        "causeway-models-credit-risk-register": ("222222222222",),
        "causeway-models-credit-risk-deploy": ("555555555555", "666666666666"),
    }
    assert len(shares["causeway-features-credit-risk-read"].resources) == 3


# A small model of the owner's RAM: what the actions do to what is observed.
def apply(actions, observed: list[ObservedShare]) -> list[ObservedShare]:
    shares = {share.arn: share for share in observed}
    for action in actions:
        if isinstance(action, CreateShare):
            arn = f"new-{len(shares)}"
            assert action.client_token
            shares[arn] = ObservedShare(
                arn,
                action.share.name,
                action.share.owner,
                "ACTIVE",
                dict.fromkeys(action.share.resources, "ASSOCIATED"),
                dict.fromkeys(action.share.consumers, "ASSOCIATING"),
                frozenset({action.permission_arn}),
            )
            continue
        share = shares[action.share_arn]
        if isinstance(action, ReplacePermission):
            shares[share.arn] = replace(share, permissions=frozenset({action.permission_arn}))
            continue
        status = "ASSOCIATED" if isinstance(action, Associate) else "DISASSOCIATED"
        shares[share.arn] = replace(
            share,
            resources={**share.resources, **dict.fromkeys(action.resources, status)},
            principals={**share.principals, **dict.fromkeys(action.principals, status)},
        )
    return list(shares.values())


DESIRED = DesiredShare(
    "name", accounts.AccountRole.DATA, "1" * 12, ("2" * 12, "3" * 12), ("r1", "r2"), Grant.READ
)
association = st.sampled_from(["ASSOCIATED", "ASSOCIATING", "DISASSOCIATED", "FAILED", "SUSPENDED"])
shares = st.builds(
    ObservedShare,
    arn=st.uuids().map(str),
    name=st.sampled_from(["name", "other"]),
    owner=st.just("1" * 12),
    status=st.sampled_from(["ACTIVE", "PENDING", "DELETED", "DELETING", "FAILED"]),
    resources=st.dictionaries(st.sampled_from(["r1", "r2", "r3"]), association),
    principals=st.dictionaries(st.sampled_from(["2" * 12, "3" * 12, "4" * 12]), association),
    permissions=st.frozensets(st.sampled_from([READ.arn, WRITE.arn]), max_size=2),
)


@given(st.lists(shares, max_size=4))
def test_applying_a_plan_makes_the_next_one_quiet(observed: list[ObservedShare]) -> None:
    live = [s for s in observed if s.name == "name" and s.status in ("ACTIVE", "PENDING")]
    if len(live) > 1:
        with pytest.raises(SharingError, match="are called name"):
            plan_share(DESIRED, observed, LISTED)
        return
    plan = plan_share(DESIRED, observed, LISTED)
    after = apply(plan.actions, observed)
    assert plan_share(DESIRED, after, LISTED).is_quiet
    (share,) = [s for s in after if s.name == "name" and s.status in ("ACTIVE", "PENDING")]
    there = {"ASSOCIATED", "ASSOCIATING"}
    assert {r for r, s in share.resources.items() if s in there} == set(DESIRED.resources)
    assert {p for p, s in share.principals.items() if s in there} == set(DESIRED.consumers)
    assert share.permissions == {READ.arn}
    # what is not ours stays as it is
    assert [s for s in after if s.name == "other"] == [s for s in observed if s.name == "other"]


def whole(**changes) -> ObservedShare:
    share = ObservedShare(
        "arn",
        "name",
        "1" * 12,
        "ACTIVE",
        {"r1": "ASSOCIATED", "r2": "ASSOCIATED"},
        {"2" * 12: "ASSOCIATED", "3" * 12: "ASSOCIATED"},
        frozenset({READ.arn}),
    )
    return replace(share, **changes)


def test_an_expired_invitation_is_shared_again() -> None:
    observed = whole(principals={"2" * 12: "ASSOCIATED", "3" * 12: "DISASSOCIATED"})
    (action,) = plan_share(DESIRED, [observed], LISTED).actions
    assert action == Associate("arn", "name", principals=("3" * 12,), again=True)
    assert action.request() == {"resourceShareArn": "arn", "principals": ["3" * 12]}


def test_what_is_leaving_is_waited_for() -> None:
    observed = whole(resources={"r1": "DISASSOCIATING", "r2": "ASSOCIATED"})
    plan = plan_share(DESIRED, [observed], LISTED)
    assert plan.is_quiet
    assert plan.waiting == ("name: r1 is DISASSOCIATING",)


def test_what_is_not_desired_is_taken_out() -> None:
    observed = whole(resources={"r1": "ASSOCIATED", "r2": "ASSOCIATED", "r3": "ASSOCIATED"})
    (action,) = plan_share(DESIRED, [observed], LISTED).actions
    assert action == Disassociate("arn", "name", resources=("r3",))


def test_a_share_is_made_whole_with_one_token_a_try() -> None:
    (first,) = plan_share(DESIRED, [], LISTED).actions
    (again,) = plan_share(DESIRED, [], LISTED).actions
    assert first == again
    assert first.request()["permissionArns"] == [READ.arn]
    (later,) = plan_share(DESIRED, [whole(status="DELETED")], LISTED).actions
    assert later.client_token != first.client_token
