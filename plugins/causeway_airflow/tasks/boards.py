"""What the governance pages show, read from the governance table with few calls and no scan."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from causeway.deployment.leases import Live
from causeway.deployment.periods import Period, periods
from causeway.digests import Digest
from causeway.gates.copies import gate_rows
from causeway.governance.audit import AuditEntry, UnreadableEntry
from causeway.governance.board import BoardRow, VersionView, board
from causeway.governance.decisions import Decision
from causeway.governance.table import Attention
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn, ModelPackageGroupArn
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway.versions.keys import gate_report_copy_key
from causeway.versions.registry import gate_report_key
from causeway.versions.stages import StageRecord
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.hooks.stage_table import StageTableHook
from causeway_airflow.tasks.acting import Hooks

#: The accounts whose endpoints are shown.
SERVING: Final = (AccountRole.PROD, AccountRole.TEST)
#: How many models the first page shows, and how many records of each kind of attention it reads.
MODELS_A_PAGE: Final = 25
LATEST: Final = 200
VERSIONS_A_PAGE: Final = 20


@dataclass(frozen=True)
class ModelLine:
    """A model on the first page: what is live, what waits for people, and what was refused."""

    case: UseCase
    model: ModelSpec
    live: Live | None
    in_test: Live | None
    waiting: tuple[BoardRow, ...]
    refused: tuple[BoardRow, ...]


@dataclass(frozen=True)
class Overview:
    """A page of models, and where the next one begins."""

    lines: tuple[ModelLine, ...]
    count: int
    next_offset: int | None


@dataclass(frozen=True)
class ModelBoard:
    """A model's versions by stage, and what production served when."""

    case: UseCase
    model: ModelSpec
    rows: tuple[BoardRow, ...]
    below: int | None
    timeline: tuple[Period, ...]


def overview(hook: Hooks, offset: int = 0) -> Overview:
    """Return a page of models in the order of the use cases' files."""
    table = table_of(hook)
    shown, count, after = models_of(offset)
    live = table.live_in([model.name for _, model in shown], SERVING)

    waiting, rejected, held_back = (_attention(table, why) for why in Attention)
    lines = []
    for case, model in shown:
        serving = live.get((AccountRole.PROD, model.name))
        tested = live.get((AccountRole.TEST, model.name))
        lines.append(
            ModelLine(
                case,
                model,
                serving if serving and not serving.removed_at else None,
                tested if tested and not tested.removed_at else None,
                board(waiting[model.group]),
                board([*rejected[model.group], *held_back[model.group]]),
            )
        )
    return Overview(tuple(lines), count, after)


def models_of(offset: int) -> tuple[list[tuple[UseCase, ModelSpec]], int, int | None]:
    """Return a page of the models, how many there are, and where the next page begins."""
    pairs = [(case, model) for case in use_cases() for model in case.models]
    shown = pairs[offset : offset + MODELS_A_PAGE]
    after = offset + len(shown)
    return shown, len(pairs), after if after < len(pairs) else None


def model_board(hook: Hooks, name: str, below: int | None = None) -> ModelBoard | None:
    """Return a page of a model's versions, the newest first; None when there is no such model."""
    pair = _model(name)
    if pair is None:
        return None
    case, model = pair
    table = table_of(hook)
    records, after = table.versions(model.group, VERSIONS_A_PAGE, below)
    history = table.history(AccountRole.PROD, model.name)
    live = table.live_in([model.name], [AccountRole.PROD]).get((AccountRole.PROD, model.name))
    return ModelBoard(case, model, board(records), after, periods(history, live))


def version_view(hook: Hooks, name: str, number: int) -> VersionView | None:
    """Return what is known of a version of a model; None when the table knows none."""
    pair = _model(name)
    if pair is None:
        return None
    case, model = pair
    group = ModelPackageGroupArn.of(topology(), AccountRole.SHARED_SERVICES, model.group)
    return read_version(table_of(hook), case, model, group.version(number))


def read_version(
    table: StageTableHook, case: UseCase, model: ModelSpec, arn: ModelPackageArn
) -> VersionView | None:
    """Return what the table knows of a version; None when it knows none."""
    state = table.state(arn)
    if not state.records:
        return None
    key, facts = gate_report_copy_key(arn), state.facts
    return VersionView(
        case,
        model,
        BoardRow(arn, state.records),
        state.facts,
        _latest_first(state.decisions),
        tuple(state.revocations),
        tuple(table.refusals(arn)),
        state.promotion,
        gate_rows(table.get_many([key]).get(key), facts.gate_report_sha256 if facts else None),
    )


def audit_of(hook: Hooks, view: VersionView) -> tuple[Sequence[AuditEntry | UnreadableEntry], bool]:
    """Return a version's entries in the audit, the latest first, and whether these are all.

    They take more reading than all else of a version, and only its own page has them.
    """
    return table_of(hook).entries(view.row.version)


def gate_report_address(view: VersionView) -> str:
    """Return where the gate report is that a version was registered with; empty without one."""
    facts = view.facts
    if facts is None or not facts.artifact_sha256 or not facts.gate_report_sha256:
        return ""
    artifact, bucket = Digest(facts.artifact_sha256), topology().bucket(AccountRole.SHARED_SERVICES)
    return f"s3://{bucket}/{gate_report_key(view.model.name, artifact, facts.gate_report_sha256)}"


def _attention(table: StageTableHook, why: Attention) -> dict[str, list[StageRecord]]:
    """Return the latest records that people have to look at, by model group."""
    groups: dict[str, list[StageRecord]] = defaultdict(list)
    for record in table.attention(why, LATEST):
        groups[record.model_group].append(record)
    return groups


def _latest_first(decisions: Sequence[Decision]) -> tuple[Decision, ...]:
    return tuple(sorted(decisions, key=lambda decision: decision.decided_at, reverse=True))


def _model(name: str) -> tuple[UseCase, ModelSpec] | None:
    for case in use_cases():
        for model in case.models:
            if model.name == name:
                return case, model
    return None


def table_of(hook: Hooks) -> StageTableHook:
    """Return the governance table as it is read for pages and reports."""
    return hook(StageTableHook, AccountRole.GOVERNANCE, "table-reader")
