"""Every state of an invitation, relation of two accounts and share, twice: each has its verdict.

Set up by administrators on a local AWS, then mended by the sharing run. Whatever was there, the
consumer reaches the group after the first run, and the second run does nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

from localaws.ram import organisation
from tests.localaws.conftest import ACCOUNTS
from tests.plugins.sharing_world import DEPLOY, World, world

#: `make soak` tries all 160 cells; `make test` those of one relation, and of the others those whose
#: share exists.
FULL = os.environ.get("CAUSEWAY_DEPTH") == "full"
ELSEWHERE = "eu-west-1"
PERMISSION = "arn:aws:ram::aws:permission/AWSRAMPermissionSageMakerModelPackageGroupAllowDeploy"

INVITATIONS = ("pending", "accepted", "rejected", "expired", "none")
SHARES = ("exists", "duplicate name", "deleted", "other region")

#: What the first run does, by relation and state of the invitation; in the order of `SHARES`.
#: The short words: c create, a accept, r re-share, s associate, d delete the second share,
#: o allow external principals, x close to external principals, - nothing.
VERDICTS: dict[str, dict[str, str]] = {
    "same organisation": {
        "pending": "xa xda c c",
        "accepted": "x xd c c",
        "rejected": "xr xdr c c",
        "expired": "xr xdr c c",
        "none": "xs xds c c",
    },
    "external": {
        "pending": "a da ca ca",
        "accepted": "- d ca ca",
        "rejected": "ra dra ca ca",
        "expired": "ra dra ca ca",
        "none": "sa dsa ca ca",
    },
    "sharing in organisation off": {
        "pending": "xa xda ca ca",
        "accepted": "x xd ca ca",
        "rejected": "xra xdra ca ca",
        "expired": "xra xdra ca ca",
        "none": "xsa xdsa ca ca",
    },
    "external principals disallowed": {
        "pending": "oa oda ca ca",
        "accepted": "o od ca ca",
        "rejected": "ora odra ca ca",
        "expired": "ora odra ca ca",
        "none": "osa odsa ca ca",
    },
}
LETTERS = {
    "create": "c",
    "accept": "a",
    "re-share": "r",
    "associate": "s",
    "revoke": "d",
    "allow external": "x",
}


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with world(tmp_path_factory.mktemp("states")) as local_aws:
        yield local_aws


@pytest.mark.parametrize("relation", VERDICTS)
def test_each_state_is_mended_by_the_first_run_and_left_alone_by_the_second(
    here: World, relation: str
) -> None:
    verdicts: dict[tuple[str, str], tuple[str, str]] = {}
    for invitation in INVITATIONS:
        for share in tried(relation):
            group = prepare(here, relation, invitation, share)
            first, retry = letters(here, relation), letters(here, relation)
            verdicts[invitation, share] = (first, retry)
            assert here.client("sagemaker", "prod").describe_model_package_group(
                ModelPackageGroupName=group
            )
            mine = [s for s in here.shares() if s["name"] == name_of(group)]
            assert len(mine) == 1, (invitation, share, mine)
    expected = {
        (invitation, share): ("" if words == "-" else "".join(sorted(words)), "")
        for invitation, row in VERDICTS[relation].items()
        for share, words in zip(SHARES, row.split(), strict=True)
        if share in tried(relation)
    }
    assert verdicts == expected


def tried(relation: str) -> tuple[str, ...]:
    return SHARES if FULL or relation == "external" else SHARES[:1]


def letters(here: World, relation: str) -> str:
    did = "".join(LETTERS[word] for word in here.run(["shared_services"]))
    opened = relation == "external principals disallowed"
    return "".join(sorted(did.replace("x", "o") if opened else did))


def name_of(group: str) -> str:
    return "causeway-models-credit-risk-deploy"


def prepare(here: World, relation: str, invitation: str, share: str) -> str:
    """Bring the accounts into a state, and declare that prod may deploy from a new group."""
    together = relation in ("same organisation", "sharing in organisation off")
    clear(here, together)
    group = here.model_group(f"group-{len(here.calls)}")
    region = "eu-central-1"
    shared = group
    if share == "other region":
        region = ELSEWHERE
        shared = here.model_group(f"group-{len(here.calls)}-elsewhere", ELSEWHERE)
    owner, consumer = (here.client("ram", role, region) for role in ("shared_services", "prod"))
    principals = [] if invitation == "none" else [ACCOUNTS["prod"]]
    arn = made(owner, shared, principals)
    if invitation in ("accepted", "rejected"):
        answer(consumer, arn, invitation)
    elif invitation == "expired":
        here.cloud.clock.advance(12 * 3600 + 1)
    if share == "duplicate name":
        made(owner, shared, [])
    elif share == "deleted":
        owner.delete_resource_share(resourceShareArn=arn)
    if relation == "external principals disallowed" and share in ("exists", "duplicate name"):
        for existing in here.shares():
            owner.update_resource_share(
                resourceShareArn=existing["resourceShareArn"], allowExternalPrincipals=False
            )
    here.organisation(together, relation == "same organisation")
    here.declare(DEPLOY, group=group.rpartition("/")[2])
    return group


def clear(here: World, together: bool) -> None:
    """Take away what the state before left; invitations are made with sharing off."""
    owner = here.client("ram", "shared_services")
    for existing in here.shares():
        owner.delete_resource_share(resourceShareArn=existing["resourceShareArn"])
    organisation.of(here.cloud).dissolve()
    here.organisation(together, False)


def made(owner: Any, group: str, principals: list[str]) -> str:
    reply = owner.create_resource_share(
        name=name_of(group),
        resourceArns=[group],
        principals=principals,
        permissionArns=[PERMISSION],
    )
    return str(reply["resourceShare"]["resourceShareArn"])


def answer(consumer: Any, share: str, how: str) -> None:
    (received,) = (
        invitation
        for invitation in consumer.get_resource_share_invitations()["resourceShareInvitations"]
        if invitation["resourceShareArn"] == share
    )
    call = {
        "accepted": consumer.accept_resource_share_invitation,
        "rejected": consumer.reject_resource_share_invitation,
    }[how]
    call(resourceShareInvitationArn=received["resourceShareInvitationArn"])
