"""A small world in which the sync's plans are applied as the adaptors apply them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from causeway.governance.registry_calls import RegistryCall
from causeway.governance.sync import calls_since, plan_sync
from causeway.governance.sync_changes import SyncPlan, VersionState
from causeway.governance.table import PromotionStatus, new_record
from causeway.governance.use_case_record import UseCaseRecord
from causeway.topology.accounts import Topology, load_topology
from causeway.use_cases.files import use_case
from causeway.versions.registry import RegistryVersion
from causeway.versions.stages import LifeCycle, Stage, Status, check_transition

CASE, TOPOLOGY = use_case("credit_risk"), load_topology()
MODEL = CASE.models[0]


@dataclass
class World:
    """One registry version and its items; people act, the sync and the promotion run."""

    version: RegistryVersion
    now: datetime
    state: VersionState = field(default_factory=VersionState)
    runs: list[str] = field(default_factory=list)
    cleared: list[str] = field(default_factory=list)
    alerts: list[str] = field(default_factory=list)
    calls: list[RegistryCall] = field(default_factory=list)
    topology: Topology = TOPOLOGY
    looked_at: datetime | None = None
    use_case: UseCaseRecord | None = None

    def plan(self) -> SyncPlan:
        states = {self.version.arn: self.state}
        arguments = ([self.version], states, (CASE,), self.topology, self.now)
        since = calls_since(*arguments, self.looked_at)
        calls = [call for call in self.calls if call.at >= since]
        records = {CASE.id: self.use_case} if self.use_case else {}
        return plan_sync(*arguments, calls, records)

    def tick(self) -> None:
        self.now += timedelta(minutes=1)

    def sync(self) -> SyncPlan:
        self.tick()
        plan = self.plan()
        records = dict(self.state.records)
        for change in plan.records:
            before = records.get(change.record.stage)
            assert (before.status if before else None) == change.before
            check_transition(change.record.stage, change.before, change.record.status)
            records[change.record.stage] = change.record
        keys = [(d.target, d.attempt) for d in (*self.state.decisions, *plan.decisions)]
        assert len(set(keys)) == len(keys), "a decision is written once"
        stops = [*self.state.revocations, *plan.revocations]
        assert len({stop.attempt for stop in stops}) == len(stops), "an attempt is stopped once"
        facts = plan.facts[0] if plan.facts else self.state.facts
        self.state = VersionState(
            records,
            (*self.state.decisions, *plan.decisions),
            self.state.promotion,
            facts,
            stops,
            self.state.refused | {item.event_id for item in plan.refusals if item.event_id},
        )
        for update in plan.registry:
            assert update.seen_at == self.version.modified_at
            self.modify(
                None,
                update.approval_status,
                update.lifecycle,
                update.approval_description or "",
                duty="registry-sync",
            )
        for start in plan.promotions:
            assert start.before == self.state.promotion
            if start.promotion.run_id not in self.runs:
                self.runs.append(start.promotion.run_id)
            if start.promotion.status is PromotionStatus.REOPENED:
                self.cleared.append(start.promotion.run_id)
            running = replace(start.promotion, status=PromotionStatus.RUNNING)
            self.state = replace(self.state, promotion=running)
        self.alerts += [refusal.reason for refusal in plan.refusals]
        self.looked_at = self.now
        return plan

    def modify(
        self, identity, approval=None, lifecycle=None, reason="", duty="test-approver"
    ) -> None:
        self.tick()
        changes = {"modified_by_identity": identity, "modified_at": self.now}
        if approval:
            changes |= {"approval_status": approval, "approval_description": reason}
        if lifecycle:
            changes["lifecycle"] = lifecycle
        self.calls.append(
            RegistryCall(
                str(self.version.arn),
                self.now,
                f"arn:aws:sts::333333333333:assumed-role/causeway-{duty}/{identity}",
                identity,
                approval,
                (lifecycle.stage, lifecycle.status) if lifecycle else None,
                f"arn:aws:iam::333333333333:role/causeway-{duty}",
                f"event-{len(self.calls)}-{self.now:%H%M%S}",
            )
        )
        self.version = replace(self.version, **changes)

    def approve(self, person, word="Approved") -> None:
        self.modify(person, approval=word)

    def ask_production(self, person, word="Approved") -> None:
        cycle = LifeCycle("Production", word, "because")
        self.modify(person, lifecycle=cycle, duty="production-approver")

    def record(self, stage) -> Status | None:
        record = self.state.records.get(stage)
        return record.status if record else None

    def move(self, stage, status, **changes) -> None:
        """A step of the promotion run."""
        self.tick()
        records, before = dict(self.state.records), self.state.records.get(stage)
        if before is None:
            records[stage] = new_record(
                self.version.arn, stage, status, CASE, MODEL, now=self.now, user="run"
            )
        else:
            records[stage] = before.moved(status, now=self.now, user="run", **changes)
        self.state = replace(self.state, records=records)

    def end(self, status: PromotionStatus) -> None:
        assert self.state.promotion is not None
        self.tick()
        promotion = replace(self.state.promotion, status=status, updated_at=self.now)
        self.state = replace(self.state, promotion=promotion)

    def tested(self) -> None:
        self.sync()
        self.approve("model-owner")
        self.sync()
        self.move(Stage.TEST, Status.IN_PROGRESS)
        self.sync()
        self.move(Stage.TEST, Status.PENDING, validation_metrics={"auc": 0.8})
        self.sync()

    @property
    def words(self) -> tuple[str, str]:
        assert self.version.lifecycle is not None
        return self.version.lifecycle.stage, self.version.lifecycle.status
