"""What may be live, told from the accounts themselves and not from what the product makes of them.

It knows how each version was registered, every call that CloudTrail knows, and every revocation
that was ever written, whatever lies in the table now.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from causeway.topology.arns import ModelPackageArn
from causeway.use_cases.use_case import ModelSpec
from causeway.versions.fingerprint import package_sha256
from causeway.versions.keys import decisions_pk
from causeway.versions.registry import OWN_METADATA
from tests.properties.cloud import SHARED, Cloud, time_of

WORDS: Final = {
    "test": {"modelApprovalStatus": "Approved"},
    "production": {"modelLifeCycle": {"Stage": "Production", "StageStatus": "Approved"}},
}


@dataclass(frozen=True)
class Registered:
    """A version as it was registered."""

    arn: ModelPackageArn
    trained_by: str
    requested_by: str | None
    fingerprint: str
    description: dict[str, Any]


@dataclass
class Oracle:
    """What is true, and why a version may not enter production."""

    cloud: Cloud
    model: ModelSpec
    versions: dict[ModelPackageArn, Registered] = field(default_factory=dict)
    #: Every revocation that was ever written, by version and attempt.
    revoked: set[tuple[ModelPackageArn, int]] = field(default_factory=set)
    #: Every version that was recorded as live in production.
    was_live: set[ModelPackageArn] = field(default_factory=set)

    def obstacle(self, arn: ModelPackageArn, attempt: int, *, in_time: bool) -> str | None:
        """Return why a version may not enter production now; None when it may."""
        registered = self.versions[arn]
        package = self.cloud.packages[str(arn)]
        if package_sha256(package, OWN_METADATA) != registered.fingerprint:
            return "the package is another"
        if (arn, attempt) in self.revoked:
            return "the attempt was revoked"
        people = []
        for stage in WORDS:
            person = self._decider(registered, attempt, stage, in_time=in_time)
            if person is None:
                return f"no decision on {stage} is explained by a call"
            people.append(person)
        return None if len(set(people)) == len(people) else "one person decided on both stages"

    def _decider(
        self, registered: Registered, attempt: int, stage: str, *, in_time: bool
    ) -> str | None:
        entitled = getattr(self.model.approvers, stage)
        shared = {registered.trained_by, registered.requested_by}
        people = set(entitled) - shared
        # What has started may end when the trail has forgotten who allowed it.
        past = self.cloud.known_events() if in_time else [e for _, e in self.cloud.events]
        events = {event["eventID"]: event for event in past}
        for item in self.cloud.table.query("recorder", decisions_pk(registered.arn)):
            ours = item.get("target_stage") == stage and item.get("attempt") == attempt
            bound = item.get("package_sha256") == registered.fingerprint
            event = events.get((item.get("call") or {}).get("event_id"))
            if not ours or not bound or item["verdict"] != "approved" or event is None:
                continue
            if item["person"] in people and self._explains(event, registered, stage, item):
                held = timedelta(days=self.model.approval_valid_days)
                late = stage == "production" and datetime.now(UTC) >= time_of(event) + held
                return str(item["person"]) if not (in_time and late) else None
        return None

    def _explains(
        self, event: dict[str, Any], registered: Registered, stage: str, item: dict[str, Any]
    ) -> bool:
        said, session = event["requestParameters"], event["userIdentity"]["sessionContext"]
        (name, value), *_ = WORDS[stage].items()
        word = said.get(name)
        if isinstance(value, dict) and word:
            word = {key: word.get(key) for key in value}
        role = f"arn:aws:iam::{SHARED}:role/causeway-{stage}-approver"
        return (
            said["modelPackageArn"] == str(registered.arn)
            and word == value
            and session["sessionIssuer"]["arn"] == role
            and session.get("sourceIdentity") == item["person"]
        )
