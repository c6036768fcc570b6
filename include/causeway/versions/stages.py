"""Stages and statuses of a model version: the words, the state machine and the stage record.

Four vocabularies meet here (ours, the registry's `ModelLifeCycle`, the use case's, the
feature of being deployed); this module is the only place that translates.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final

from causeway.errors import UnexpectedState
from causeway.topology.arns import ModelPackageArn


class Stage(StrEnum):
    """The stages of a model version."""

    DEVELOPMENT = "development"
    TEST = "test"
    PREPRODUCTION = "preproduction"
    PRODUCTION = "production"
    RETIRED = "retired"


class Status(StrEnum):
    """The status of a model version in a stage."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    QUARANTINED = "quarantined"
    APPROVED = "approved"
    DEPLOYED = "deployed"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    RETIRED = "retired"


@dataclass(frozen=True)
class LifeCycle:
    """The registry's `ModelLifeCycle`: AWS takes any two texts, Causeway uses fixed ones."""

    stage: str
    status: str
    description: str = ""


_LIFECYCLE_STAGE: Final[Mapping[Stage, str]] = MappingProxyType(
    {
        Stage.DEVELOPMENT: "Development",
        Stage.TEST: "QA",
        Stage.PREPRODUCTION: "PreProduction",
        Stage.PRODUCTION: "Production",
        Stage.RETIRED: "Archived",
    }
)

_LIFECYCLE_STATUS: Final[Mapping[Status, str]] = MappingProxyType(
    {
        Status.PENDING: "PendingApproval",
        Status.IN_PROGRESS: "InProgress",
        Status.QUARANTINED: "OnHold",
        Status.APPROVED: "Approved",
        Status.DEPLOYED: "Approved",
        Status.REJECTED: "Rejected",
        Status.SUPERSEDED: "Retired",
        Status.RETIRED: "Retired",
    }
)

#: Which stage's approval allows the entry into a stage.
STAGE_BEFORE: Final[Mapping[Stage, Stage]] = MappingProxyType(
    {Stage.TEST: Stage.DEVELOPMENT, Stage.PRODUCTION: Stage.TEST}
)

_ORDER: Final = tuple(Stage)

_S = Status
#: From each status of a stage (None: no record yet) to the statuses it may change to.
TRANSITIONS: Final[Mapping[Stage, Mapping[Status | None, frozenset[Status]]]] = MappingProxyType(
    {
        Stage.DEVELOPMENT: {
            None: frozenset({_S.PENDING, _S.QUARANTINED}),
            _S.PENDING: frozenset({_S.APPROVED, _S.REJECTED, _S.QUARANTINED, _S.SUPERSEDED}),
            # An entitled person may still decide on a version that somebody unknown changed.
            _S.QUARANTINED: frozenset({_S.PENDING, _S.APPROVED, _S.REJECTED, _S.RETIRED}),
            # Rejected: somebody stopped what was under way.
            _S.APPROVED: frozenset(
                {_S.QUARANTINED, _S.SUPERSEDED, _S.RETIRED, _S.PENDING, _S.REJECTED}
            ),
            # Corrected and approved again, or sent back for another decision.
            _S.REJECTED: frozenset({_S.PENDING, _S.APPROVED, _S.RETIRED}),
            _S.SUPERSEDED: frozenset({_S.RETIRED}),
            _S.RETIRED: frozenset(),
        },
        Stage.TEST: {
            None: frozenset({_S.IN_PROGRESS}),
            _S.IN_PROGRESS: frozenset({_S.PENDING, _S.REJECTED, _S.SUPERSEDED}),
            _S.PENDING: frozenset(
                {_S.APPROVED, _S.REJECTED, _S.QUARANTINED, _S.SUPERSEDED, _S.IN_PROGRESS}
            ),
            _S.QUARANTINED: frozenset({_S.PENDING, _S.APPROVED, _S.REJECTED, _S.RETIRED}),
            _S.APPROVED: frozenset(
                {_S.QUARANTINED, _S.SUPERSEDED, _S.RETIRED, _S.IN_PROGRESS, _S.REJECTED}
            ),
            _S.REJECTED: frozenset({_S.IN_PROGRESS, _S.RETIRED}),
            _S.SUPERSEDED: frozenset({_S.RETIRED}),
            _S.RETIRED: frozenset(),
        },
        Stage.PREPRODUCTION: {
            None: frozenset({_S.IN_PROGRESS}),
            _S.IN_PROGRESS: frozenset({_S.APPROVED, _S.REJECTED, _S.SUPERSEDED}),
            _S.APPROVED: frozenset({_S.SUPERSEDED, _S.RETIRED, _S.IN_PROGRESS}),
            _S.REJECTED: frozenset({_S.IN_PROGRESS, _S.RETIRED}),
            _S.SUPERSEDED: frozenset({_S.RETIRED}),
            _S.RETIRED: frozenset(),
        },
        Stage.PRODUCTION: {
            None: frozenset({_S.PENDING}),
            _S.PENDING: frozenset({_S.IN_PROGRESS, _S.REJECTED, _S.SUPERSEDED}),
            _S.IN_PROGRESS: frozenset({_S.DEPLOYED, _S.REJECTED, _S.SUPERSEDED, _S.PENDING}),
            _S.DEPLOYED: frozenset({_S.SUPERSEDED, _S.RETIRED}),
            _S.REJECTED: frozenset({_S.PENDING, _S.RETIRED}),
            # Only a rollback goes back to a superseded version.
            _S.SUPERSEDED: frozenset({_S.DEPLOYED, _S.RETIRED}),
            _S.RETIRED: frozenset(),
        },
        Stage.RETIRED: {None: frozenset({_S.RETIRED}), _S.RETIRED: frozenset()},
    }
)


@dataclass(frozen=True)
class StageRecord:
    """One model version in one stage: its fifteen attributes in the stage table, and more.

    `validation_metrics` come from the test part or the test endpoint, `monitoring_metrics` from
    the live endpoint (with its name); both are JSON-able. `data_source` and `synthetic` are the
    version's: where its rows come from, and whether any of them are invented.
    """

    version_arn: ModelPackageArn
    stage: Stage
    status: Status
    use_case_id: str
    use_case_name: str
    use_case_stage: str
    model_group: str
    version: int
    owner: str
    line_of_business: str
    project: str
    risk: str
    audit_timestamp: datetime
    audit_user: str
    validation_metrics: Mapping[str, Any] = field(default_factory=dict)
    monitoring_metrics: Mapping[str, Any] = field(default_factory=dict)
    data_source: str = ""
    synthetic: str = ""

    def moved(
        self,
        status: Status,
        *,
        now: datetime,
        user: str,
        validation_metrics: Mapping[str, Any] | None = None,
    ) -> StageRecord:
        """Return the record in another status, with who and when.

        Raises:
            UnexpectedState: the state machine does not allow the change.
        """
        check_transition(self.stage, self.status, status)
        return replace(
            self,
            status=status,
            audit_timestamp=now,
            audit_user=user,
            validation_metrics=(
                self.validation_metrics if validation_metrics is None else validation_metrics
            ),
        )


def may_move(stage: Stage, before: Status | None, after: Status) -> bool:
    """Tell whether the state machine allows the change; staying in the status is allowed."""
    return before == after or after in TRANSITIONS[stage].get(before, frozenset())


def check_transition(stage: Stage, before: Status | None, after: Status) -> None:
    """Refuse a change that the state machine does not allow.

    Raises:
        UnexpectedState: naming the stage, both statuses and what would be allowed.
    """
    if not may_move(stage, before, after):
        allowed = ", ".join(sorted(TRANSITIONS[stage].get(before, ()))) or "nothing"
        raise UnexpectedState(
            f"stage {stage.value}: {before.value if before else 'no record'} may not become "
            f"{after.value}",
            next_step=f"Allowed from here: {allowed}.",
        )


def lifecycle_of(stage: Stage, status: Status, description: str = "") -> LifeCycle:
    """Translate into the registry's words; AWS takes one line of 1024 characters to describe."""
    line = " ".join(description.split())[:1024]
    return LifeCycle(_LIFECYCLE_STAGE[stage], _LIFECYCLE_STATUS[status], line)


def current(records: Mapping[Stage, StageRecord]) -> StageRecord | None:
    """Return the record of the furthest stage that the version has reached."""
    reached = [records[stage] for stage in _ORDER if stage in records]
    return reached[-1] if reached else None
