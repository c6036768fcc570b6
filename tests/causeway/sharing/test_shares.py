from dataclasses import replace

import pytest

from causeway.errors import UnexpectedState
from causeway.sharing.grants import desired_grants
from causeway.sharing.shares import (
    ObservedShare,
    desired_shares,
    presence,
    settled,
)
from causeway.topology.accounts import Organisation


def test_the_declared_access_becomes_one_share_by_use_case_and_grant(case, topology, now) -> None:
    grants = desired_grants((case,), topology, now)
    shares = {share.name: share for share in desired_shares(grants, topology)}
    assert {name: share.principals for name, share in shares.items()} == {
        "causeway-catalog-discover": ("222222222222",),
        "causeway-features-credit-risk-read": ("222222222222",),
        "causeway-cards-credit-risk-development": ("222222222222",),
        "causeway-cards-credit-risk-test": ("555555555555",),
        "causeway-cards-credit-risk-production": ("666666666666",),
        "causeway-models-credit-risk-register": ("222222222222",),
        "causeway-models-credit-risk-deploy": ("555555555555", "666666666666"),
        "causeway-lineage-read-write": ("222222222222",),
    }
    assert len(shares["causeway-features-credit-risk-read"].resources) == 3
    of_data = desired_shares(grants, topology, topology.account("data"))
    assert [share.name for share in of_data] == [
        "causeway-catalog-discover",
        "causeway-features-credit-risk-read",
    ]


def test_a_group_with_a_resource_policy_needs_no_share(case, topology, now) -> None:
    grants = [
        grant
        for grant in desired_grants((case,), topology, now)
        if grant.share == "causeway-models-credit-risk-deploy"
    ]
    assert desired_shares(grants, topology)
    assert desired_shares([replace(g, route="policy") for g in grants], topology) == ()


def test_only_a_share_within_the_organisation_is_closed_to_others(case, topology, now) -> None:
    grants = desired_grants((case,), topology, now)
    assert all(share.external for share in desired_shares(grants, topology))
    together = topology.model_copy(update={"organisation": Organisation(enabled=True)})
    assert not any(share.external for share in desired_shares(grants, together))
    stranger = [replace(grant, principal="777777777777") for grant in grants]
    assert all(share.external for share in desired_shares(stranger, together))


@pytest.mark.parametrize(
    ("resources", "principals", "status", "expected"),
    [
        ({"r": "ASSOCIATED"}, {"p": "ASSOCIATED"}, "ACTIVE", "success"),
        ({"r": "ASSOCIATED"}, {"p": "ASSOCIATED", "q": "DISASSOCIATED"}, "ACTIVE", "success"),
        ({"r": "ASSOCIATED"}, {"p": "ASSOCIATING"}, "ACTIVE", "waiting"),
        ({"r": "DISASSOCIATING"}, {"p": "ASSOCIATED"}, "ACTIVE", "waiting"),
        ({"r": "ASSOCIATED"}, {"p": "ASSOCIATED"}, "PENDING", "waiting"),
        ({"r": "FAILED"}, {"p": "ASSOCIATED"}, "ACTIVE", "failure"),
        ({"r": "ASSOCIATED"}, {"p": "ASSOCIATED"}, "DELETED", "failure"),
    ],
)
def test_a_share_is_complete_when_everything_in_it_is_associated(
    resources: dict, principals: dict, status: str, expected: str
) -> None:
    share = ObservedShare("a", "n", "1" * 12, status, resources, principals)
    assert settled([share], "n", with_principals=True) == expected
    assert settled([share], "other", with_principals=True) == "failure"


def test_consumers_need_not_be_waited_for() -> None:
    share = ObservedShare("a", "n", "1" * 12, "ACTIVE", {"r": "ASSOCIATED"}, {"p": "ASSOCIATING"})
    assert settled([share], "n", with_principals=False) == "success"


def test_an_unknown_status_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnexpectedState, match="FROZEN"):
        presence("FROZEN")
