"""What approvers are shown in Airflow's Required Actions: a version's evidence, as Markdown."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypedDict

from causeway.digests import Digest
from causeway.errors import CausewayError, NotFound
from causeway.features.origins import Synthetic
from causeway.gates.copies import write_copy
from causeway.gates.report import read_report
from causeway.governance.approvals import entitled
from causeway.governance.sync_changes import VersionState
from causeway.instants import for_people
from causeway.pages import markdown_table, markdown_text
from causeway.reporting.alerts import Alert, Severity
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.versions.registry import gate_report_key
from causeway.versions.stages import STAGE_BEFORE, Stage
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.artifacts import ArtifactsHook
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.promotion import Subject
from causeway_airflow.tasks.stage_records import stage_table

log = logging.getLogger(__name__)

#: The options of a request, and the field of its form.
APPROVE, REJECT, REASON = "Approve", "Reject", "reason"
#: The duty that may read gate reports; the recorder's account has no right there.
_READER: Final = (AccountRole.TEST, "deployer")


class Assignee(TypedDict):
    """Who may answer, as Airflow knows them."""

    id: str
    name: str


@dataclass(frozen=True)
class ApprovalRequest:
    """A request for a decision: its headline, its evidence, and who may answer."""

    headline: str
    body: str
    assignees: tuple[Assignee, ...]


def approval_request(
    hook: Hooks, subject: Subject, target: Stage, until: datetime
) -> ApprovalRequest:
    """Return what the people who may decide on a version's entry into a stage are asked."""
    version, people = subject.version, entitled(subject.model, target)
    state = stage_table(hook).state(version)
    lines = [
        *_about(subject, state, target, people, until),
        "",
        "## Metrics",
        "",
        _metrics(hook, subject, state, target),
        "",
        "## Gates",
        "",
        _gates(hook, subject, state),
        "",
        "## What the decision is bound to",
        "",
        *_bound(state),
    ]
    users = topology().people
    return ApprovalRequest(
        f"{version.group}/{version.version} asks to enter {target.value}",
        "\n".join(lines),
        tuple(Assignee(id=users[name].airflow_user, name=name) for name in people),
    )


def notice(subject: Subject, target: Stage, run: str) -> Alert:
    """Return what tells the people who may decide that a version waits for them."""
    return _told(subject, target, f"waits for the decision on {target.value}", run)


def reminder(subject: Subject, target: Stage, run: str, until: datetime) -> Alert:
    """Return what tells them that it still waits, and until when."""
    waits = f"still waits for the decision on {target.value}, until {for_people(until)}"
    return _told(subject, target, waits, run)


def _told(subject: Subject, target: Stage, waits: str, run: str) -> Alert:
    version, people = subject.version, " or ".join(entitled(subject.model, target))
    door = "in Required Actions of the run, or " if topology().airflow.door else ""
    return Alert(
        what=f"{version.group}/{version.version} {waits}",
        severity=Severity.NOTICE,
        account=version.account,
        subject=str(version),
        next_step=f"{people} decides: {door}as docs/approving.md says.",
        run=run,
    )


def _about(
    subject: Subject, state: VersionState, target: Stage, people: tuple[str, ...], until: datetime
) -> Iterator[str]:
    record, facts = state.records.get(Stage.DEVELOPMENT), state.facts
    source = record.data_source if record else ""
    page = f"/causeway/governance/models/{subject.model.name}/versions/{subject.version.version}"
    yield markdown_text(subject.model.description)
    yield ""
    yield f"- Use case: {markdown_text(subject.case.name)}, risk {subject.case.risk}; "
    yield f"  model {markdown_text(subject.model.name)}, risk {subject.model.risk}"
    yield f"- Data: {markdown_text(source or 'not recorded')}"
    if record and record.synthetic in (Synthetic.YES, Synthetic.PARTLY):
        yield f"- **Synthetic data: {record.synthetic}**"
    if facts:
        yield f"- Trained by {markdown_text(facts.trained_by or 'nobody recorded')}, asked for by "
        yield f"  {markdown_text(facts.requested_by or facts.trained_by or 'nobody recorded')}"
    yield f"- May decide on {target.value}: {markdown_text(' or '.join(people))}"
    yield f"- Attempt {subject.attempt}; asked until {for_people(until)}"
    yield f"- [All that is known of the version]({page})"


def _metrics(hook: Hooks, subject: Subject, state: VersionState, target: Stage) -> str:
    """Return the metrics of the stage before, beside those of what production serves."""
    stage = STAGE_BEFORE[target]
    own = _numbers(state, stage)
    table = stage_table(hook)
    live = table.live(AccountRole.PROD, subject.model.name)
    serving = live.version_arn if live and not live.removed_at else None
    theirs = _numbers(table.state(serving), stage) if serving else {}
    where = "on the live test endpoint" if target is Stage.PRODUCTION else "in development"
    head = ("metric", f"this version, {where}", _label(serving))
    rows = [(name, _number(own.get(name)), _number(theirs.get(name))) for name in sorted(own)]
    return markdown_table(head, rows) if rows else "None is recorded."


def _label(version: ModelPackageArn | None) -> str:
    return f"{version.group}/{version.version}, live" if version else "nothing is live"


def _numbers(state: VersionState, stage: Stage) -> dict[str, float]:
    record = state.records.get(stage)
    metrics: Mapping[str, Any] = record.validation_metrics if record else {}
    return {name: value for name, value in metrics.items() if isinstance(value, float)}


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.5g}"


def copy_gate_report(hook: Hooks, subject: Subject) -> None:
    """Copy a version's gate report into the governance table; without it, nothing is held up."""
    table = stage_table(hook)
    try:
        text, _ = _gate_report(hook, subject, table.state(subject.version))
        changed = table.apply(write_copy(subject.version, text))
    except CausewayError as error:
        log.warning("the gate report of %s is not copied: %s", subject.version, error)
        return
    if changed:
        log.info("%s: copied its gate report", subject.version)


def _gate_report(
    hook: Hooks, subject: Subject, state: VersionState
) -> tuple[str, Mapping[str, Any]]:
    """Return the gate report that a version was registered with, as text and as document."""
    facts = state.facts
    if facts is None or not facts.artifact_sha256 or not facts.gate_report_sha256:
        raise NotFound("the version names no gate report", next_step="Train and register it again.")
    artifact, digest = Digest(facts.artifact_sha256), facts.gate_report_sha256
    bucket = topology().bucket(AccountRole.SHARED_SERVICES)
    address = f"s3://{bucket}/{gate_report_key(subject.model.name, artifact, digest)}"
    content = hook(ArtifactsHook, *_READER).read(address)
    document = read_report(content, digest, where=address)
    return content.decode(), document


def _gates(hook: Hooks, subject: Subject, state: VersionState) -> str:
    try:
        _, report = _gate_report(hook, subject, state)
    except CausewayError as error:
        return f"**The gate report cannot be shown:** {markdown_text(error)}"
    rows = [
        (gate["kind"], gate["subject"], gate["said"], gate["verdict"]) for gate in report["gates"]
    ]
    return markdown_table(("gate", "judged", "measured", "verdict"), rows)


def _bound(state: VersionState) -> Iterator[str]:
    facts = state.facts
    if facts is None:
        yield "No sync has seen the version yet."
        return
    yield f"- Package `{facts.package_sha256}`"
    yield f"- Artifact `{facts.artifact_sha256}`"
    yield f"- Gate report `{facts.gate_report_sha256}`"
