"""What an access review finds, one case a finding."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from causeway.access.review import Finding, ReviewFinding, Window, review
from causeway.access.review_report import alerts, document, markdown
from causeway.access.sights import SeenInvitation, SeenShare, Sight
from causeway.access.usage import in_use, operations_of
from causeway.sharing.grants import DesiredGrant
from causeway.topology.access_rules import Grant, ResourceKind
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import AccountId, Topology
from causeway.topology.arns import ModelPackageGroupArn
from tests.causeway.values import DATA_SCIENCE as CONSUMER
from tests.causeway.values import MODEL_GROUP as GROUP
from tests.causeway.values import SHARED_SERVICES as OWNER
from tests.causeway.values import STRANGER

OTHER = f"{GROUP.rpartition('/')[0]}/other"
SHARE = f"arn:aws:ram:eu-central-1:{OWNER}:resource-share/1"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
WINDOW = Window(NOW)
REGISTER = DesiredGrant(
    AccountId(OWNER),
    "causeway-models-credit-risk-register",
    ModelPackageGroupArn.parse(GROUP),
    CONSUMER,
    ResourceKind.MODEL_GROUPS,
    Grant.REGISTER,
    AccountRole.SHARED_SERVICES,
)
USED = {OWNER: [(GROUP, CONSUMER, "register")]}


def share(name: str = REGISTER.share, **changes: Any) -> SeenShare:
    about = {
        "arn": SHARE,
        "status": "ACTIVE",
        "resources": {GROUP: "ASSOCIATED"},
        "principals": {CONSUMER: "ASSOCIATED"},
        "actions": (),
    }
    return SeenShare(name=name, **(about | changes))


def sight(*shares: SeenShare, **changes: Any) -> Sight:
    about: dict[str, Any] = {"account": OWNER, "region": "eu-central-1", "existing": (GROUP,)}
    return Sight(shares=shares, **(about | changes))


def findings_of(
    topology: Topology,
    *sights: Sight,
    grant: DesiredGrant = REGISTER,
    uses: dict[str, Any] | None = None,
) -> dict[Finding, ReviewFinding]:
    findings = review([grant], sights, USED if uses is None else uses, topology, WINDOW)
    return {finding.finding: finding for finding in findings}


def test_what_is_as_declared_and_used_is_no_finding(topology: Topology) -> None:
    assert findings_of(topology, sight(share())) == {}


@pytest.mark.parametrize(
    ("shares", "finding", "concerns"),
    [
        ([share(), share("somebody-s")], Finding.UNKNOWN_SHARE, CONSUMER),
        (
            [share(principals={CONSUMER: "ASSOCIATED", STRANGER: "ASSOCIATING"})],
            Finding.UNKNOWN_PRINCIPAL,
            STRANGER,
        ),
        (
            [share(resources={GROUP: "ASSOCIATED", OTHER: "ASSOCIATED"})],
            Finding.UNKNOWN_RESOURCE,
            CONSUMER,
        ),
        ([], Finding.MISSING, CONSUMER),
        ([share(principals={CONSUMER: "DISASSOCIATED"})], Finding.MISSING, CONSUMER),
        ([share(status="DELETED")], Finding.MISSING, CONSUMER),
    ],
)
def test_drift_is_found_and_raises_an_alert(
    topology: Topology, shares: list[SeenShare], finding: Finding, concerns: str
) -> None:
    findings = findings_of(topology, sight(*shares))
    assert list(findings) == [finding]
    assert findings[finding].concerns == concerns
    (alert,) = alerts(findings.values(), "run-1")
    assert concerns in alert.what
    assert alert.account == OWNER


def test_what_does_not_exist_yet_is_not_missing(topology: Topology) -> None:
    assert findings_of(topology, sight(existing=())) == {}


def test_a_share_that_ram_made_of_a_declared_policy_is_known(topology: Topology) -> None:
    by_policy = replace(REGISTER, route="policy")
    assert findings_of(topology, sight(share("made-by-ram")), grant=by_policy) == {}


@pytest.mark.parametrize(
    ("sender", "name", "status", "words"),
    [
        (OWNER, REGISTER.share, "PENDING", "platform__sharing"),
        (OWNER, REGISTER.share, "EXPIRED", "platform__sharing"),
        (STRANGER, REGISTER.share, "PENDING", "Reject it"),
        (OWNER, "somebody-s", "PENDING", "Reject it"),
    ],
)
def test_an_invitation_that_hangs_is_found_without_an_alert(
    topology: Topology, sender: str, name: str, status: str, words: str
) -> None:
    invitation = SeenInvitation(share_arn=SHARE, share_name=name, sender=sender, status=status)
    consumer = Sight(account=CONSUMER, region="eu-central-1", invitations=(invitation,))
    findings = findings_of(topology, sight(share()), consumer)
    assert list(findings) == [Finding.INVITATION]
    assert words in findings[Finding.INVITATION].next_step
    assert alerts(findings.values(), "run-1") == ()


@pytest.mark.parametrize(("days", "expected"), [(1, True), (14, True), (15, False)])
def test_a_grant_that_ends_soon_is_found(topology: Topology, days: int, expected: bool) -> None:
    ends = replace(REGISTER, until=NOW + timedelta(days=days))
    assert (Finding.EXPIRING in findings_of(topology, sight(share()), grant=ends)) is expected


def test_a_grant_without_a_recorded_use_is_unused(topology: Topology) -> None:
    findings = findings_of(topology, sight(share()), uses={OWNER: []})
    assert list(findings) == [Finding.UNUSED]
    assert "CreateModelPackage" in findings[Finding.UNUSED].detail


def test_nothing_is_said_about_use_where_nobody_could_look(topology: Topology) -> None:
    assert findings_of(topology, sight(share()), uses={}) == {}


def test_use_that_no_management_event_can_show_is_never_missed(topology: Topology) -> None:
    read = replace(REGISTER, kind=ResourceKind.FEATURE_GROUPS, grant=Grant.READ)
    assert operations_of([read]) == ()
    assert findings_of(topology, sight(share()), grant=read, uses={OWNER: []}) == {}


def event(name: str = "CreateModelPackage", account: str = CONSUMER, **more: Any) -> str:
    about = {"modelPackageGroupName": GROUP}
    return json.dumps(
        {
            "eventName": name,
            "userIdentity": {"accountId": account},
            "requestParameters": about,
            **more,
        }
    )


@pytest.mark.parametrize(
    ("recorded", "used"),
    [
        (event(), True),
        (event(account=STRANGER), False),
        (event("DescribeModelPackage"), False),
        (event(errorCode="AccessDenied"), False),
        (event(requestParameters={"modelPackageGroupName": OTHER}), False),
        (event(requestParameters=None), False),
    ],
)
def test_only_an_allowed_call_of_the_receiver_on_the_resource_shows_use(
    topology: Topology, recorded: str, used: bool
) -> None:
    expected = ((GROUP, CONSUMER, "register"),) if used else ()
    assert in_use([REGISTER], [recorded], topology) == expected


def test_the_report_names_findings_and_everything_declared(topology: Topology) -> None:
    findings = review([REGISTER], [sight()], USED, topology, WINDOW)
    text = markdown(findings, [REGISTER], "run-1", WINDOW)
    assert "| declared, not there | 333333333333 | 222222222222 |" in text
    assert f"| {CONSUMER} | register | {GROUP} | - |" in text
    content = document(findings, [REGISTER], "run-1", WINDOW)
    assert json.loads(json.dumps(content))["counts"]["declared, not there"] == 1
    assert "Nothing differs" in markdown((), [REGISTER], "run-1", WINDOW)
