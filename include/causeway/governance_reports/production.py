"""What was in production on a day: who let it in, on which evidence, from which data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Final

from causeway.deployment.periods import Period
from causeway.digests import Digest
from causeway.governance.board import VersionView
from causeway.governance_reports.admission import Admission, admission
from causeway.governance_reports.sheets import Sheet, Table
from causeway.governance_reports.views import ModelView
from causeway.governance_reports.words import (
    NOT_RECORDED,
    approval,
    data_of,
    event,
    metrics,
    people_of,
)
from causeway.instants import Day, for_people
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology
from causeway.versions.registry import artifact_key, gate_report_key
from causeway.versions.stages import STAGE_BEFORE

_HEAD: Final = (
    *("model", "version", "account", "from", "until"),
    *("approved for test by", "approved for production by", "evidence"),
)
#: The stages that somebody lets a version into, in their order.
_ENTERED: Final = tuple(STAGE_BEFORE)

Rows = Iterator[tuple[str, str]]


def production(models: Sequence[ModelView], day: Day, topology: Topology, now: datetime) -> Sheet:
    """Return the report of what production served at any time of a day, as far as it is over."""
    live = served_on(models, day, topology, now)
    whole = day.end <= now
    span = f"to {for_people(day.end)}" if whole else f"as of {for_people(now)}: it is not over"
    overview = Table(
        "Live in production",
        _HEAD,
        tuple(served.line() for served in live),
        f"Nothing was live in production on this day{'' if whole else ' so far'}.",
    )
    return Sheet(
        f"In production on {day}",
        f"From {for_people(day.start)} {span}. Models: {len(models)}. "
        "Metrics are those of a version's latest attempt.",
        (overview, *(served.details() for served in live)),
        {
            "models": len(models),
            "live": len(live),
            "without_evidence": sum(bool(served.entry.faults) for served in live),
        },
    )


def served_on(
    models: Sequence[ModelView], day: Day, topology: Topology, now: datetime
) -> tuple[Served, ...]:
    """Return what production served at any time of a day, in the order of the deployments."""
    return tuple(
        Served(view, period, day, topology, now)
        for view in models
        for period in reversed(view.periods)
        if period.touches(day)
    )


@dataclass(frozen=True)
class Served:
    """A version that production served on the day."""

    view: ModelView
    period: Period
    day: Day
    topology: Topology
    now: datetime

    @cached_property
    def version(self) -> VersionView | None:
        """What the table knows of it."""
        arn = self.period.live.version_arn
        return next((view for view in self.view.versions if view.row.version == arn), None)

    @cached_property
    def entry(self) -> Admission:
        """What let it in."""
        version = self.version
        decisions = version.decisions if version else ()
        return admission(self.period.live, decisions, version.revocations if version else ())

    @property
    def label(self) -> str:
        """Its name for people."""
        arn = self.period.live.version_arn
        return f"{arn.group}/{arn.version}"

    @property
    def until(self) -> str:
        """Until when it was live: what came after the day is not the day's."""
        until = self.period.until
        if until and until < self.day.end:
            return for_people(until)
        over = self.day.end <= self.now
        return "the end of the day or later" if over else f"live as of {for_people(self.now)}"

    @property
    def evidence(self) -> str:
        """Whether what was live is what was approved."""
        return "; ".join(self.entry.faults) or "complete: what was live is what was approved"

    @property
    def data(self) -> str:
        """Where its rows come from."""
        return data_of(self.version)

    def line(self) -> tuple[str, ...]:
        """Return its line of the overview."""
        approvals = self.entry.approvals
        return (
            self.view.model.name,
            self.label,
            self.topology.account(self.period.live.account_role),
            for_people(self.period.since),
            self.until,
            *(
                approvals[stage].person if stage in approvals else NOT_RECORDED
                for stage in _ENTERED
            ),
            self.evidence,
        )

    def details(self) -> Table:
        """Return all that the day's report says of it."""
        rows = (*self._what(), *self._approvals(), *self._judged(), *self._origin())
        title = f"{self.label} from {for_people(self.period.since)}"
        return Table(title, ("what", "value"), rows)

    def _what(self) -> Rows:
        live, case, model = self.period.live, self.view.case, self.view.model
        account = self.topology.account(live.account_role)
        yield "version", str(live.version_arn)
        yield "use case", f"{case.name}, owner {case.owner}, risk {case.risk}"
        yield "model", f"{model.name}, risk {model.risk}"
        yield "served by", f"endpoint {live.endpoint} of account {account}, {live.endpoint_config}"
        yield "from", f"{for_people(self.period.since)}, by run {live.run_id}"
        yield "until", self.until
        if live.reason:
            yield "rolled back to", live.reason

    def _approvals(self) -> Rows:
        for stage in _ENTERED:
            decision = self.entry.approvals.get(stage)
            yield f"approved for {stage.value} by", approval(decision)
            if decision:
                yield f"call for {stage.value}", event(decision.call)
        if stop := self.entry.stop:
            when = for_people(stop.revoked_at)
            yield "stopped by", f"{stop.person}, {when}: {stop.reason or 'no reason given'}"

    def _judged(self) -> Rows:
        live, bucket = self.period.live, self.topology.bucket(AccountRole.SHARED_SERVICES)
        artifact, model = Digest(live.artifact_sha256), self.view.model.name
        yield "artifact", f"SHA-256 {artifact}, s3://{bucket}/{artifact_key(model, artifact)}"
        if live.package_sha256:
            yield "package", f"SHA-256 {live.package_sha256}"
        decisions = self.entry.approvals.values()
        for report in sorted({decision.gate_report_sha256 for decision in decisions} - {""}):
            key = gate_report_key(model, artifact, report)
            yield "gate report", f"SHA-256 {report}, s3://{bucket}/{key}"
        gates = self.version.gates if self.version else None
        for gate in gates or ():
            yield f"{gate.kind} gate of {gate.subject}", f"{gate.measured}: {gate.verdict}"
        for stage in STAGE_BEFORE.values():
            record = self.version.row.records.get(stage) if self.version else None
            if record and (numbers := metrics(record.validation_metrics)):
                yield f"measured in {stage.value}", numbers
        yield "evidence", self.evidence

    def _origin(self) -> Rows:
        trained, requested = people_of(self.version)
        yield "data", self.data
        yield "trained by", trained
        yield "asked for by", requested
