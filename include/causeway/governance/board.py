"""The stage board of a model: its versions, where each of them stands, and whom it waits for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from causeway.gates.copies import GateRow
from causeway.governance.approvals import entitled, waits_for_decision
from causeway.governance.decisions import Decision, Facts, Revocation
from causeway.governance.table import Promotion, RecordedRefusal
from causeway.topology.arns import ModelPackageArn
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway.versions.stages import Stage, StageRecord, Status

#: The stages that a version passes, as the columns of a board.
COLUMNS = (Stage.DEVELOPMENT, Stage.TEST, Stage.PRODUCTION)


@dataclass(frozen=True)
class Wait:
    """A decision that a version waits for, and who may make it."""

    target: Stage
    people: tuple[str, ...]


@dataclass(frozen=True)
class BoardRow:
    """A version and its record in each stage that it has reached."""

    version: ModelPackageArn
    records: Mapping[Stage, StageRecord]

    @property
    def label(self) -> str:
        """The version as people name it: `<group>/<number>`."""
        return f"{self.version.group}/{self.version.version}"

    @property
    def is_live(self) -> bool:
        """Whether production serves it, as its record says."""
        record = self.records.get(Stage.PRODUCTION)
        return record is not None and record.status is Status.DEPLOYED

    @property
    def is_refused(self) -> bool:
        """Whether somebody rejected it, or it is held back because a stranger changed it."""
        refused = (Status.REJECTED, Status.QUARANTINED)
        return any(record.status in refused for record in self.records.values())

    def wait(self, model: ModelSpec) -> Wait | None:
        """Return the decision that the version waits for; None when it waits for nobody.

        A rejected version waits for nobody: its trainer mends it first.
        """
        if any(record.status is Status.REJECTED for record in self.records.values()):
            return None
        for target in (Stage.PRODUCTION, Stage.TEST):
            if waits_for_decision(target, self.records):
                return Wait(target, entitled(model, target))
        return None


@dataclass(frozen=True)
class VersionView:
    """What the table knows of a version, beside its entries in the audit."""

    case: UseCase
    model: ModelSpec
    row: BoardRow
    facts: Facts | None
    decisions: tuple[Decision, ...]
    revocations: tuple[Revocation, ...]
    refusals: tuple[RecordedRefusal, ...]
    promotion: Promotion | None
    #: What the gates said; None where the table has no copy of the report that was judged.
    gates: tuple[GateRow, ...] | None = None


def board(records: Iterable[StageRecord]) -> tuple[BoardRow, ...]:
    """Return the rows of a board, the newest version first."""
    rows: dict[ModelPackageArn, dict[Stage, StageRecord]] = {}
    for record in records:
        rows.setdefault(record.version_arn, {})[record.stage] = record
    ordered = sorted(rows, key=lambda arn: arn.version, reverse=True)
    return tuple(BoardRow(arn, rows[arn]) for arn in ordered)
