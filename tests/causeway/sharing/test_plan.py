import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causeway.errors import SharingError, UnexpectedState
from causeway.sharing.actions import (
    AllowExternal,
    Associate,
    CreatePermission,
    CreateShare,
    DeleteShare,
    Disassociate,
)
from causeway.sharing.permissions import Permission
from causeway.sharing.plan import plan_share, plan_shares
from causeway.sharing.shares import DesiredShare, ObservedShare, OwnerState, presence
from causeway.statuses import TABLES
from causeway.topology.access_rules import Grant, ResourceKind
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import FeatureGroupArn, ModelCardArn
from tests.causeway.sharing.ram_model import all_of, apply, managed
from tests.causeway.values import DATA as OWNER

GROUPS, CARDS = ResourceKind.FEATURE_GROUPS, ResourceKind.MODEL_CARDS
READ = managed("ReadOnly", GROUPS, *all_of(GROUPS, Grant.READ))
WRITE = managed("ReadWrite", GROUPS, *all_of(GROUPS, Grant.READ_WRITE))
UPDATE_CARD = managed("Cards", CARDS, *all_of(CARDS, Grant.READ_WRITE))
MANAGED = (WRITE, READ, UPDATE_CARD)
ARN = f"arn:aws:sagemaker:eu-central-1:{OWNER}:"
G1, G2, G3 = (f"{ARN}feature-group/{n}" for n in ("one", "two", "three"))
C1, C2, C3 = (f"{ARN}model-card/{n}" for n in ("one", "two", "three"))
B, C, D = "2" * 12, "3" * 12, "4" * 12
OWN_CARD = f"arn:aws:ram:eu-central-1:{OWNER}:permission/causeway-model-cards-read"


def desired(name: str = "causeway-features-x-read", resources=(G1, G2), **changes) -> DesiredShare:
    share = DesiredShare(name, AccountRole.DATA, OWNER, (B, C), arns(resources), GROUPS, Grant.READ)
    return replace(share, **changes)


def arns(texts):
    return tuple((ModelCardArn if ":model-card/" in t else FeatureGroupArn).parse(t) for t in texts)


CARD_SHARE = desired(
    "causeway-cards-x-production", resources=(C1, C2), kind=CARDS, grant=Grant.READ, external=False
)
BOTH = (desired(), CARD_SHARE)


def own_card(actions=None, version: str = "1", versions=("1",)) -> Permission:
    right = frozenset(f"sagemaker:{a}".lower() for a in all_of(CARDS, Grant.READ))
    all_actions = right if actions is None else actions
    return Permission(
        OWN_CARD,
        "causeway-model-cards-read",
        "sagemaker:ModelCard",
        all_actions,
        version,
        False,
        versions,
    )


#: Shares that RAM may show: by name what they may hold, and which permissions.
KNOWN_SHARES = {
    desired().name: ((G1, G2, G3), (READ.arn, WRITE.arn)),
    CARD_SHARE.name: ((C1, C2, C3), (OWN_CARD, UPDATE_CARD.arn)),
    "causeway-retired": ((G1, C1), (READ.arn,)),
    "of-somebody-else": ((G1, G2), (READ.arn,)),
}
STATUSES = [
    status for status in TABLES["ResourceShareAssociationStatus"] if presence(status) != "leaving"
]


def any_state(seed: int) -> OwnerState:
    """Some state of an owner's account; a seed draws faster than hypothesis' own collections."""
    draw = random.Random(seed)

    def entities(names):
        return {name: draw.choice(STATUSES) for name in names if draw.random() < 0.7}

    def share(number: int) -> ObservedShare:
        name = draw.choice(list(KNOWN_SHARES))
        resources, permissions = KNOWN_SHARES[name]
        permission_versions = (
            {draw.choice(permissions): draw.choice("12")} if draw.random() < 0.9 else {}
        )
        return ObservedShare(
            f"share-{number}",
            name,
            OWNER,
            draw.choice(["ACTIVE", "ACTIVE", *TABLES["ResourceShareStatus"]]),
            entities(resources),
            entities([B, C, D]),
            permission_versions,
            draw.random() < 0.5,
        )

    own: tuple[Permission, ...] = ()
    if draw.random() < 0.7:
        actions = None if draw.random() < 0.5 else frozenset({"sagemaker:updatemodelcard"})
        count = draw.randint(2, 5)
        own = (own_card(actions, str(count), tuple(str(n + 1) for n in range(count))),)
    return OwnerState(
        OWNER,
        tuple(share(number) for number in range(draw.randint(0, 6))),
        (*MANAGED, *own),
        frozenset(entity for entity in (G1, G2, C1, C2) if draw.random() < 0.8),
    )


states = st.integers(0, 2**32).map(any_state)


def meaning(state: OwnerState) -> dict[str, tuple]:
    """What the living shares of ours grant."""
    return {
        share.name: (
            {r for r in share.resources if share.holds(r)} & state.resources,
            {p for p in share.principals if share.reaches(p)},
            share.external,
            next(p.actions for p in state.permissions if p.arn in share.permissions),
        )
        for share in state.shares
        if share.lives and share.ours
    }


@given(states)
def test_from_any_state_a_plan_reaches_what_is_desired_and_the_next_plan_is_empty(
    state: OwnerState,
) -> None:
    after = apply([a for plan in plan_shares(BOTH, state) for a in plan.actions], state)
    assert [plan.actions for plan in plan_shares(BOTH, after) if not plan.is_quiet] == []
    living = [share.name for share in after.shares if share.lives and share.ours]
    assert len(living) == len(set(living)), "one share of each name"
    for share, permission in ((desired(), READ), (CARD_SHARE, own_card())):
        there = set(map(str, share.resources)) & state.resources
        if share.name in meaning(after):
            result = meaning(after)[share.name]
            assert result == (there, set(share.principals), share.external, permission.actions)
        else:
            assert not there
    assert set(meaning(after)) <= {desired().name, CARD_SHARE.name}
    # what is not ours stays as it is
    other = "of-somebody-else"
    assert [s for s in after.shares if s.name == other] == [
        s for s in state.shares if s.name == other
    ]


@given(states, st.integers(0, 12))
def test_a_plan_that_was_cut_off_is_finished_by_the_next(state: OwnerState, calls: int) -> None:
    actions = [a for plan in plan_shares(BOTH, state) for a in plan.actions]
    cut = apply(actions[:calls], state)
    again = [a for plan in plan_shares(BOTH, cut) for a in plan.actions]
    after = apply(again, cut)
    assert all(plan.is_quiet for plan in plan_shares(BOTH, after))
    new = [s for s in after.shares if s.arn.startswith("new-")]
    assert len({s.name for s in new}) == len(new), "one share of each name was made"


def whole(share=None, **changes) -> ObservedShare:
    share = share or desired()
    observed = ObservedShare(
        "arn",
        share.name,
        OWNER,
        "ACTIVE",
        dict.fromkeys(map(str, share.resources), "ASSOCIATED"),
        dict.fromkeys(share.principals, "ASSOCIATED"),
        {READ.arn: "1"},
    )
    return replace(observed, **changes)


def state(*shares: ObservedShare, permissions=MANAGED, resources=(G1, G2, C1, C2)) -> OwnerState:
    return OwnerState(OWNER, shares, permissions, frozenset(resources))


def test_nothing_to_do_is_a_quiet_plan() -> None:
    plan = plan_share(desired(), state(whole()))
    assert (plan.is_quiet, plan.waiting, plan.offered) == (True, (), True)


def test_an_expired_invitation_is_shared_again() -> None:
    observed = whole(principals={B: "ASSOCIATED", C: "DISASSOCIATED"})
    (action,) = plan_share(desired(), state(observed)).actions
    assert action == Associate("arn", desired().name, principals=(C,), again=True)
    assert str(action).startswith("re-share: ")
    assert action.request() == {"resourceShareArn": "arn", "principals": [C]}


def test_what_is_on_its_way_is_waited_for() -> None:
    observed = whole(
        resources={G1: "DISASSOCIATING", G2: "ASSOCIATED"},
        principals={B: "ASSOCIATING", C: "ASSOCIATED"},
    )
    plan = plan_share(desired(), state(observed))
    assert plan.is_quiet
    assert plan.waiting == (
        f"{G1} is DISASSOCIATING",
        f"{B} has not joined yet: it waits for the other side",
    )


def test_what_is_not_declared_is_taken_out_before_anything_is_given() -> None:
    observed = whole(resources={G1: "ASSOCIATED", G3: "ASSOCIATED"}, principals={D: "ASSOCIATED"})
    plan = plan_share(desired(), state(observed, resources=(G1, G2)))
    assert plan.actions == (
        Disassociate("arn", desired().name, (G3,), (D,)),
        Associate("arn", desired().name, (G2,), (B, C)),
    )


def test_a_resource_that_does_not_exist_yet_is_waited_for() -> None:
    plan = plan_share(desired(), state(resources=()))
    assert (plan.actions, plan.offered) == ((), False)
    assert plan.waiting == (f"{G1} does not exist yet", f"{G2} does not exist yet")
    (created,) = plan_share(desired(), state(resources=(G1,))).actions
    assert isinstance(created, CreateShare)
    assert created.request()["resourceArns"] == [G1]


def test_a_share_that_nobody_declares_is_revoked_whatever_it_holds() -> None:
    (plan,) = plan_shares((), state(whole()))
    assert plan.actions == (DeleteShare("arn", desired().name),)
    assert plan_shares((), state(whole(name="of-somebody-else"))) == ()
    assert plan_shares((), state(whole(feature_set="CREATED_FROM_POLICY"))) == ()
    promoted = {f"arn:aws:ram:eu-central-1:{OWNER}:permission/causeway-policy-read-12345678": "1"}
    assert plan_shares((), state(whole(permissions=promoted))) == ()


def test_of_two_shares_of_a_name_the_one_with_the_consumers_stays() -> None:
    empty = whole(arn="a", principals={B: "DISASSOCIATED", C: "ASSOCIATING"})
    (action,) = plan_share(desired(), state(empty, whole(arn="b"))).actions
    assert action == DeleteShare("a", desired().name)


def test_a_share_is_made_with_one_token_a_try_and_another_after_a_deletion() -> None:
    (first,) = plan_share(desired(), state()).actions
    (again,) = plan_share(desired(), state()).actions
    (later,) = plan_share(desired(), state(whole(status="DELETED"))).actions
    tokens = [action.request()["clientToken"] for action in (first, again, later)]
    assert tokens[0] == tokens[1] != tokens[2]
    assert first.request()["permissionArns"] == [READ.arn]


def test_inside_an_organisation_a_share_is_closed_to_others() -> None:
    inside = desired(external=False)
    (action,) = plan_share(inside, state(whole())).actions
    assert action == AllowExternal("arn", inside.name, False)
    (action,) = plan_share(desired(), state(whole(external=False))).actions
    assert action == AllowExternal("arn", desired().name, True)


def test_cards_that_are_only_read_get_a_permission_of_our_own() -> None:
    permission, share = plan_share(CARD_SHARE, state()).actions
    assert isinstance(permission, CreatePermission)
    assert permission.request()["name"] == "causeway-model-cards-read"
    assert share.request()["permissionArns"] == [OWN_CARD]


def test_a_changed_definition_becomes_a_version_that_the_share_then_uses() -> None:
    old = own_card(frozenset({"sagemaker:describemodelcard"}), "5", ("1", "2", "3", "4", "5"))
    shared = whole(CARD_SHARE, permissions={OWN_CARD: "5"}, external=False)
    plan = plan_share(CARD_SHARE, state(shared, permissions=(*MANAGED, old)))
    assert [type(action).__name__ for action in plan.actions] == [
        "DeletePermissionVersion",
        "CreatePermissionVersion",
        "ReplacePermission",
    ]
    after = apply(plan.actions, state(shared, permissions=(*MANAGED, old)))
    assert after.shares[0].permissions == {OWN_CARD: "6"}


def test_versions_that_are_all_in_use_are_not_deleted() -> None:
    old = own_card(frozenset({"sagemaker:x"}), "5", ("1", "2", "3", "4", "5"))
    users = [whole(arn=v, name=f"other-{v}", permissions={OWN_CARD: v}) for v in "1234"]
    with pytest.raises(SharingError, match="5 versions and all are in use"):
        plan_share(CARD_SHARE, state(*users, permissions=(*MANAGED, old)))


def test_a_name_taken_by_another_type_is_refused() -> None:
    stolen = replace(own_card(), resource_type="sagemaker:Pipeline")
    with pytest.raises(SharingError, match="is for sagemaker:Pipeline"):
        plan_share(CARD_SHARE, state(permissions=(*MANAGED, stolen)))


def test_an_unknown_status_is_an_error_not_a_guess() -> None:
    with pytest.raises(UnexpectedState, match="FROZEN"):
        plan_share(desired(), state(whole(resources={G1: "FROZEN"})))


def test_a_card_is_shared_with_a_stage_once_it_was_handed_over() -> None:
    share = replace(CARD_SHARE, resources=arns((C1,)), from_status="Approved")

    def planned(status: str, *shares: ObservedShare):
        state = OwnerState(OWNER, shares, MANAGED, frozenset({C1}), cards={C1: status})
        return plan_share(share, state)

    for status in ("Draft", "PendingReview"):
        plan = planned(status)
        assert plan.is_quiet and not plan.offered
        assert plan.waiting == (f"{C1} has not come to Approved yet",)
    assert [type(a).__name__ for a in planned("Approved").actions][-1] == "CreateShare"
    # The next version's draft takes nothing from who reads the card of what is live.
    observed = ObservedShare(
        "arn", share.name, OWNER, "ACTIVE", {C1: "ASSOCIATED"}, dict.fromkeys((B, C), "ASSOCIATED")
    )
    again = planned("Draft", observed)
    assert not any(type(a).__name__ == "Disassociate" for a in again.actions)
    assert again.offered and again.waiting == ()
