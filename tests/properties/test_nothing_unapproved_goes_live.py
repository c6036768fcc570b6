"""Whatever people, duties and runs do in whatever order, nothing unapproved is live in production.

People say words in the registry in right and wrong roles and edit versions; duties write what their
policies let them into the governance table; the sync, the promotions' tasks and rollbacks run, are
killed between any two calls, run beside each other and again; CloudTrail is late, and time passes.
The tasks are the product's own, above accounts in memory (`tests.properties.cloud`). What must
never be is asserted at the moment when it would be (`tests.properties.world`).

`make test` takes 3,000 steps, `make soak` (CAUSEWAY_DEPTH=full) 16,000.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import time_machine
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from causeway.deployment.leases import live_key
from causeway.governance.decisions import decision_item
from causeway.items import Key
from causeway.topology.account_roles import AccountRole
from causeway.versions.keys import decision_key, decisions_pk, promotion_key, revocation_key
from causeway.versions.stages import Stage
from tests.properties.agreement import require_agreement
from tests.properties.audited import require_audit
from tests.properties.forging import forged, real_call
from tests.properties.world import PROD, ROLES, START, World, arn_of

FULL = os.environ.get("CAUSEWAY_DEPTH") == "full"
PEOPLE = ("model-owner", "governance-officer", "deputy", "ml-engineer", "stranger", None)
DUTIES = ("test-approver", "production-approver", "registry-sync", "administrator")
WORDS = ("Approved", "Rejected", "PendingManualApproval")
EDITS: dict[str, dict[str, Any]] = {
    "environment": {"InferenceSpecification": {"Containers": [{"Image": "another"}]}},
    "card": {"ModelCard": {"ModelCardContent": '{"a": 1}'}},
    "who asked": {"CustomerMetadataPropertiesToRemove": ["requested-by"]},
    "who trained": {"CustomerMetadataProperties": {"trained-by": "nobody"}},
    "note": {"CustomerMetadataProperties": {"note": "of no interest"}},
}

#: Some of what people and duties may do ends every promotion; a history has some of it.
HOSTILE = ("edits", "artifacts", "decider", "recorder", "months", "words")
numbers = st.sampled_from([1, 2, 3])
hostile = st.sets(st.sampled_from(HOSTILE))
#: How far versions have come when a history begins, by the steps of `World.way`.
ways = st.sampled_from([0, 3, 12, 13, 14, 17, 17, 17])
kills = st.one_of(st.none(), st.none(), st.integers(0, 40))
besides = st.one_of(
    st.none(),
    st.tuples(
        st.one_of(st.integers(0, 12), st.integers(0, 40)),
        st.sampled_from(
            ["stop by owner", "stop by officer", "sync", "edit", "next", "roll back", "months"]
        ),
        numbers,
    ),
)


def may_happen(what: str) -> Callable[[Any], Any]:
    """Leave a rule to the histories that have this."""
    return precondition(lambda machine: what in machine.hostile)


class Machine(RuleBasedStateMachine):
    """What anybody may do at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.travel = time_machine.travel(START, tick=False)
        self.clock = self.travel.start()
        self.world = World(self.clock.shift)
        self.hostile: set[str] = set()

    def teardown(self) -> None:
        try:
            self.settle_down()
        finally:
            self.travel.stop()

    @initialize(hostile=hostile, way=st.tuples(ways, ways, ways))
    def begin(self, hostile: set[str], way: tuple[int, int, int]) -> None:
        self.hostile = hostile
        for number in (1, 2, 3):
            self.world.register(number)
        self.clock.shift(timedelta(minutes=1))
        for number in (1, 2, 3):
            for step in self.world.way(number)[: way[number - 1]]:
                step()

    # ---------------------------------------------------------------- people
    @may_happen("words")
    @rule(
        number=numbers,
        person=st.sampled_from(PEOPLE),
        duty=st.sampled_from(DUTIES),
        stage=st.sampled_from(["test", "production"]),
        word=st.sampled_from(WORDS),
    )
    def say(self, number: int, person: str | None, duty: str, stage: str, word: str) -> None:
        """An approver role lets its own stage's words through, others let anything."""
        if duty.endswith("-approver"):
            stage = duty.removesuffix("-approver")
        self.world.say(arn_of(number), person, duty, stage, word)

    @rule(number=numbers, stage=st.sampled_from([0, 1]), word=st.sampled_from(WORDS[:2]))
    def decide(self, number: int, stage: int, word: str = "Approved") -> None:
        """Who may decide does, as they should."""
        self.world.decide(number, stage, word)

    @may_happen("edits")
    @rule(number=numbers, what=st.sampled_from(sorted(EDITS)), back=st.booleans())
    def edit(self, number: int, what: str, back: bool) -> None:
        """Somebody changes a version, or changes it back to what it was."""
        arn, world = arn_of(number), self.world
        request = EDITS[what]
        if back:
            original = world.oracle.versions[arn].description
            request = {name: original[name] for name in ("InferenceSpecification", "ModelCard")}
            request |= {"CustomerMetadataProperties": original["CustomerMetadataProperties"]}
        world.cloud.update_package(
            {"ModelPackageArn": str(arn), **request}, "administrator", "stranger"
        )

    # ---------------------------------------------------------------- duties
    @may_happen("decider")
    @rule(
        number=numbers,
        duty=st.sampled_from(["decider", "decider", "recorder", "deployer", "registry-sync"]),
        people=st.tuples(st.sampled_from(PEOPLE[:4]), st.sampled_from(PEOPLE[:4])),
        attempt=st.integers(1, 2),
        days=st.sampled_from([0, 20, 100]),
        genuine=st.booleans(),
    )
    def forge_decisions(
        self,
        number: int,
        duty: str,
        people: tuple[str, str],
        attempt: int,
        days: int,
        genuine: bool,
    ) -> None:
        """A duty tries to write decisions of whom it likes, from invented or from real calls."""
        table = self.world.cloud.table
        for stage, person in zip((Stage.TEST, Stage.PRODUCTION), people, strict=True):
            decision = forged(self.world, number, stage, person, attempt, timedelta(days=days))
            call = real_call(self.world, arn_of(number), stage) if genuine else None
            if call is not None:
                decision = replace(decision, call=call, person=call.identity or person)
            table.put(duty, decision_item(decision))

    @may_happen("decider")
    @rule(number=numbers, what=st.data())
    def forge_facts(self, number: int, what: st.DataObject) -> None:
        """The decider writes over what it must not: facts, validity, revocations."""
        table = self.world.cloud.table
        keys = [key for key in table.items if key.pk == decisions_pk(arn_of(number))]
        if not keys:
            return
        key = what.draw(st.sampled_from(sorted(keys, key=str)))
        item = dict(table.items[key])
        forged: dict[str, Any] = what.draw(
            st.sampled_from(
                [
                    {"trained_by": "nobody", "requested_by": "nobody"},
                    {"valid_until": "2099-01-01T00:00:00+00:00"},
                    {"attempt": 77},
                    {"person": "deputy"},
                ]
            )
        )
        table.put("decider", item | {k: v for k, v in forged.items() if k in item or "by" in k})

    @may_happen("recorder")
    @rule(number=numbers, what=st.data())
    def forge_records(self, number: int, what: st.DataObject) -> None:
        """The recorder writes over records, promotions, the lease and what is live."""
        world, arn = self.world, arn_of(number)
        keys = [key for key in world.cloud.table.items if not key.pk.startswith("DECISION#")]
        if not keys:
            return
        key = what.draw(st.sampled_from(sorted(keys, key=str)))
        item = dict(world.cloud.table.items[key])
        forged: dict[str, Any] = {
            "version_arn": str(arn),
            "attempt": what.draw(st.integers(1, 2)),
            "status": what.draw(st.sampled_from(["approved", "superseded", "rejected"])),
            "lease_until": 0,
        }
        if key.sk == "PROMOTION":
            forged["status"] = what.draw(st.sampled_from(["requested", "running", "deployed"]))
        world.tampered |= world.cloud.table.put(
            "recorder", item | {name: value for name, value in forged.items() if name in item}
        )

    @rule(number=numbers, duty=st.sampled_from(["decider", "recorder", "deployer"]))
    def delete(self, number: int, duty: str) -> None:
        """Nobody may delete an item."""
        arn = arn_of(number)
        keys: list[Key] = [
            revocation_key(arn, 1),
            decision_key(arn, Stage.TEST, 1),
            promotion_key(arn),
            live_key(PROD, "credit_risk"),
        ]
        assert not any(self.world.cloud.table.delete(duty, key) for key in keys)

    # ---------------------------------------------------------------- runs
    @rule(kill=kills, beside=besides)
    def sync(self, kill: int | None, beside: Any) -> None:
        self._during(kill, beside)
        self.world.sync()

    @rule(number=numbers, kill=kills, beside=besides)
    def go_on(self, number: int, kill: int | None, beside: Any) -> None:
        """The next task of a version's latest run."""
        self._during(kill, beside)
        self.world.go_on(number)

    @rule(number=numbers, task=st.sampled_from(sorted(ROLES)), run=st.integers(0, 2), kill=kills)
    def again(self, number: int, task: str, run: int, kill: int | None) -> None:
        """Any task of any run of a version, as somebody may clear it."""
        runs = self.world.runs_of(number)
        if not runs:
            return
        chosen = runs[run % len(runs)]
        if task == "close" and chosen.carried:
            return  # it waits until the others are done
        self._during(kill, None)
        self.world.work(chosen, task)

    @rule(
        number=numbers,
        upto=st.integers(9, 17),
        at=st.sampled_from([*range(17), 14, 14, 14, 12, 12]),
        kill=kills,
        beside=besides,
    )
    def promote(self, number: int, upto: int, at: int, kill: int | None, beside: Any) -> None:
        """The way to production, up to some step of it, with something beside one of them."""
        for count, step in enumerate(self.world.way(number)[:upto]):
            if count == at:
                self._during(kill, beside)
            step()
            require_agreement(self.world)

    @precondition(lambda machine: len(machine.world.oracle.was_live) > 1)
    @rule(version=st.one_of(st.none(), st.none(), numbers), beside=besides)
    def roll_back_at_once(self, version: int | None, beside: Any) -> None:
        """A rollback from its beginning to its end, with something beside one half of it."""
        self.clock.shift(timedelta(minutes=91))  # leases of dead workers run out
        for part in range(2):
            self._during(None, beside if part else None)
            self.world.roll_back("back-0", version)
            require_agreement(self.world)
            self.world.settle(PROD)

    @rule(
        run=st.sampled_from(["back-1", "back-2"]),
        version=st.one_of(st.none(), numbers),
        kill=kills,
        beside=besides,
    )
    def roll_back(self, run: str, version: int | None, kill: int | None, beside: Any) -> None:
        self._during(kill, beside)
        self.world.roll_back(run, version)

    # ---------------------------------------------------------------- the accounts and time
    @rule(role=st.sampled_from([AccountRole.TEST, PROD]), succeeds=st.sampled_from([True, True, 0]))
    def settle(self, role: AccountRole, succeeds: bool) -> None:
        """A change of an endpoint ends; one that goes back to what was live succeeds."""
        self.world.settle(role, succeeds=bool(succeeds))

    @rule(seconds=st.sampled_from([0, 1, 60, 600, 5400, 86_400]))
    def pass_time(self, seconds: int) -> None:
        self.clock.shift(timedelta(seconds=seconds))

    @may_happen("months")
    @rule(days=st.sampled_from([29, 31, 92]))
    def pass_months(self, days: int) -> None:
        self.clock.shift(timedelta(days=days))

    @rule(minutes=st.sampled_from([0, 0, 1, 4, 14]))
    def trail_is_late(self, minutes: int) -> None:
        self.world.cloud.trail_delay = timedelta(minutes=minutes)

    @may_happen("artifacts")
    @rule(number=numbers, back=st.booleans())
    def overwrite_artifact(self, number: int, back: bool) -> None:
        """Somebody writes other bytes over an artifact, or deletes that version again."""
        package = self.world.oracle.versions[arn_of(number)].description
        uri = package["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
        metadata = package["CustomerMetadataProperties"]
        stored = type(self.world.cloud.objects[uri])
        self.world.cloud.objects[uri] = (
            stored(metadata["artifact-sha256"], metadata["artifact-object-version"])
            if back
            else stored("0" * 64, "another")
        )

    @invariant()
    def table_and_endpoint_agree(self) -> None:
        require_agreement(self.world)

    # ---------------------------------------------------------------- parts
    def _during(self, kill: int | None, beside: Any) -> None:
        world, cloud = self.world, self.world.cloud
        cloud.kill_after = kill
        if beside is None:
            return
        calls, what, number = beside
        actions: dict[str, Callable[[], None]] = {
            "stop by owner": lambda: self._stop(number, 0),
            "stop by officer": lambda: self._stop(number, 1),
            "sync": world.sync,
            "edit": lambda: self.edit(number, "card", back=False),
            "next": lambda: self.world.go_on(number),
            "roll back": lambda: world.roll_back("back-3", None),
            "months": lambda: self.clock.shift(timedelta(days=31)),
        }
        cloud.meanwhile = (calls, world.beside(actions[what]))

    def _stop(self, number: int, stage: int) -> None:
        self.world.decide(number, stage, "Rejected")
        if self.world.cloud.trail_delay == timedelta(0):
            self.world.sync()

    def settle_down(self) -> None:
        """Once nobody acts any more, the sync has nothing left to do, and the audit is unbroken."""
        require_audit(self.world.cloud, hostile=bool(self.hostile))
        if self.world.tampered:
            return
        self.world.cloud.trail_delay = timedelta(0)
        self.clock.shift(timedelta(minutes=20))
        for role in (AccountRole.TEST, PROD):
            self.world.settle(role)
        for _ in range(6):
            self.world.sync()
        plan = self.world.plan()
        assert plan.is_quiet, plan


TestNothingUnapprovedGoesLive = Machine.TestCase
TestNothingUnapprovedGoesLive.settings = settings(
    max_examples=320 if FULL else 60,
    stateful_step_count=50,
    deadline=None,
    database=None,
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
