"""People, duties and runs around a few versions of one model; each task is the product's own."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from causeway.deployment.leases import live_key
from causeway.digests import Digest, sha256
from causeway.errors import CausewayError
from causeway.governance.sync import calls_since, plan_sync
from causeway.governance.sync_changes import SyncPlan
from causeway.governance.table import LOOKED_AT, looked_at
from causeway.items import Key, Update
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.versions.fingerprint import package_sha256, request_sha256
from causeway.versions.keys import version_pk
from causeway.versions.registry import (
    ARTIFACT_SHA256,
    ARTIFACT_VERSION,
    GATE_REPORT_SHA256,
    OWN_METADATA,
    REQUEST_SHA256,
    REQUESTED_BY,
    TRAINED_BY,
    artifact_key,
    gate_report_key,
    held_out_key,
)
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.hooks.artifacts import Fetched
from causeway_airflow.promotion_runs import promotion_dag_id
from causeway_airflow.tasks import deployment, endpoint_removal, endpoint_tests, promotion, rollback
from causeway_airflow.tasks import sync as syncing
from causeway_airflow.waits import Done, Outcome, Pending
from tests.properties.cloud import Acting, Cloud, Killed
from tests.properties.oracle import Oracle, Registered

GROUP: Final = "arn:aws:sagemaker:eu-central-1:333333333333:model-package/credit-risk"
HELD_OUT: Final = "record_id,status,credit_risk\n" + "".join(
    f"sgc-{n:06d},{n % 2},{n % 2}\n" for n in range(40)
)
REPORT: Final = json.dumps(
    {
        "metrics": {"auc": 1.0, "accuracy": 1.0, "brier": 0.01},
        "gates": [{"kind": "metric", "metric": "auc", "min": 0.7}],
    }
)
PROD: Final = AccountRole.PROD
START: Final = datetime(2026, 3, 1, 12, 0, 0, 500_000, tzinfo=UTC)
#: Who trained each version, and who asked for it where that was another.
VERSIONS: Final = {1: ("ml-engineer", None), 2: ("ml-engineer", "model-owner"), 3: ("deputy", None)}
#: Who may decide on the entry of each version into test and into production.
DECIDERS: Final = {
    1: ("model-owner", "governance-officer"),
    2: ("deputy", "governance-officer"),
    3: ("model-owner", "governance-officer"),
}
ROLES: Final = {
    "deploy_to_test": AccountRole.TEST,
    "test": AccountRole.TEST,
    "remove": AccountRole.TEST,
    "deploy_to_production": PROD,
    "smoke": PROD,
    "close": AccountRole.GOVERNANCE,
}


def arn_of(number: int) -> ModelPackageArn:
    """Return the ARN of a version."""
    return ModelPackageArn.parse(f"{GROUP}/{number}")


@dataclass
class Run:
    """A promotion's run: what each task that waits goes on with, and what has ended."""

    arn: ModelPackageArn
    attempt: int
    id: str
    carried: dict[str, dict[str, Any]] = field(default_factory=dict)
    ended: list[str] = field(default_factory=list)
    failed: bool = False

    @property
    def next_task(self) -> str:
        return next((task for task in ROLES if task not in self.ended), "close")


@dataclass
class Acted:
    """A task that is running: whether its version may enter production, or might since it began."""

    kind: str
    run: str
    arn: ModelPackageArn | None = None
    attempt: int = 0
    #: The attempts that were revoked when it began.
    revoked: frozenset[tuple[ModelPackageArn, int]] = frozenset()
    may_start: bool = False
    may_stay: bool = False
    obstacle: str | None = None


class World:
    """The accounts, the people and the runs; what must never be is asserted when it happens."""

    def __init__(self, shift: Callable[[timedelta], None]) -> None:
        self.cloud = Cloud(shift)
        self.case = next(case for case in use_cases() if case.id == "credit_risk")
        self.model = self.case.models[0]
        self.oracle = Oracle(self.cloud, self.model)
        self.runs: dict[str, Run] = {}
        self.rollbacks: dict[str, dict[str, Any]] = {}
        self.acting: list[Acted] = []
        self.in_progress: set[str] = set()
        #: Whether the recorder's items were forged: what they say of the endpoint is void then.
        self.tampered = False
        self.started, self.recorded = 0, 0
        self.cloud.brought, self.cloud.written = self._brought, self._written

    # ---------------------------------------------------------------- versions and people
    def register(self, number: int) -> None:
        trained_by, requested_by = VERSIONS[number]
        digest, report = sha256(f"artifact {number}"), sha256(REPORT)
        bucket = f"s3://{topology().bucket(AccountRole.SHARED_SERVICES)}"
        uri = f"{bucket}/{artifact_key('credit_risk', Digest(digest))}"
        self.cloud.objects[uri] = Fetched(digest, f"object-{number}")
        keys = {
            held_out_key("credit_risk", Digest(digest)): HELD_OUT,
            gate_report_key("credit_risk", Digest(digest), report): REPORT,
        }
        self.cloud.texts |= {f"{bucket}/{key}": text.encode() for key, text in keys.items()}
        now, arn = datetime.now(UTC), arn_of(number)
        metadata = {
            ARTIFACT_SHA256: digest,
            ARTIFACT_VERSION: f"object-{number}",
            GATE_REPORT_SHA256: report,
            TRAINED_BY: trained_by,
            **({REQUESTED_BY: requested_by} if requested_by else {}),
        }
        package: dict[str, Any] = {
            "ModelPackageArn": str(arn),
            "ModelPackageStatus": "Completed",
            "ModelApprovalStatus": "PendingManualApproval",
            "CreationTime": now,
            "LastModifiedTime": now,
            "InferenceSpecification": {"Containers": [{"Image": "i", "ModelDataUrl": uri}]},
            "ModelCard": {"ModelCardContent": "{}"},
            "CustomerMetadataProperties": metadata,
        }
        metadata[REQUEST_SHA256] = request_sha256(package, OWN_METADATA)
        self.cloud.packages[str(arn)] = package
        fingerprint = package_sha256(package, OWN_METADATA)
        registered = Registered(arn, trained_by, requested_by, fingerprint, dict(package))
        self.oracle.versions[arn] = registered

    def say(
        self, arn: ModelPackageArn, person: str | None, duty: str, stage: str, word: str
    ) -> None:
        """Have somebody say a word on a version's entry into a stage."""
        cycle = {"Stage": "Production", "StageStatus": word, "StageDescription": "so"}
        said = {"ModelApprovalStatus": word} if stage == "test" else {"ModelLifeCycle": cycle}
        self.cloud.update_package({"ModelPackageArn": str(arn), **said}, duty, person)

    def decide(self, number: int, stage: int, word: str = "Approved") -> None:
        """Have who may decide on the entry of a version into test or production do so."""
        name = ("test", "production")[stage]
        self.say(arn_of(number), DECIDERS[number][stage], f"{name}-approver", name, word)

    # ---------------------------------------------------------------- the sync
    def is_set_up(self) -> bool:
        return True

    def has_run(self, dag_id: str, run_id: str) -> bool:
        return dag_id == promotion_dag_id("credit_risk") and run_id in self.runs

    def has_failed(self, dag_id: str, run_id: str) -> bool:
        return self.has_run(dag_id, run_id) and self.runs[run_id].failed

    def sync(self) -> None:
        hook = Acting(self.cloud, AccountRole.SHARED_SERVICES, "registry-sync")
        with self._task(Acted("sync", "sync")):
            for started in syncing.sync(hook, self, "sync").runs:
                conf, run = started["conf"], started["trigger_run_id"]
                if run not in self.runs or started["reset_dag_run"]:
                    arn = ModelPackageArn.parse(conf["version_arn"])
                    self.runs[run] = Run(arn, conf["attempt"], run)

    def plan(self) -> SyncPlan:
        """Return what a sync would do now."""
        hook = Acting(self.cloud, AccountRole.SHARED_SERVICES, "registry-sync")
        registry, table = hook(syncing.RegistryHook), syncing.stage_table(hook)
        versions = syncing.versions_of(registry)
        states = syncing.states_of(table, versions)
        observed = (versions, states, use_cases(), topology(), datetime.now(UTC))
        since = calls_since(*observed, looked_at(table.get(LOOKED_AT)))
        return plan_sync(*observed, syncing.recorded_calls(hook, since))

    # ---------------------------------------------------------------- the promotion's tasks
    def work(self, run: Run, task: str) -> None:
        """Begin a task of a run, or have it look again at what it waits for."""
        role = ROLES[task]
        duty = "recorder" if task == "close" else "deployer"
        hook, production = Acting(self.cloud, role, duty), task == "deploy_to_production"
        carried = run.carried.pop(task, None)
        with self._task(Acted(task, f"{run.id} {task}", run.arn, run.attempt), production):
            subject = promotion.subject_of(
                hook,
                self.case,
                self.model,
                version_arn=str(run.arn),
                attempt=run.attempt,
                role=role,
                dag_id=promotion_dag_id("credit_risk"),
                run_id=run.id,
                ended=task in ("remove", "close"),
            )
            outcome = self._perform(task, hook, subject, run, carried)
            if isinstance(outcome, Pending):
                run.carried[task] = dict(outcome.carried)
                return
            run.ended.append(task)
            self.in_progress.discard(f"{run.id} {task}")

    def _perform(
        self, task: str, hook: Acting, subject: promotion.Subject, run: Run, carried: Any
    ) -> Any:
        if task.startswith("deploy"):
            if carried is None:
                return deployment.begin(hook, subject, run.id)
            return deployment.look(hook, subject, run.id, **carried)
        if task == "test":
            if carried is None:
                return endpoint_tests.ask(hook, subject, run.id)
            return endpoint_tests.look(hook, subject, **carried)
        if task == "remove":
            return endpoint_removal.remove_endpoint(hook, subject, run.id)
        if task == "smoke":
            return endpoint_tests.smoke_test(hook, subject, run.id)
        return promotion.close(hook, subject)

    def roll_back(self, run: str, version: int | None) -> None:
        """Begin a rollback, or have it look again."""
        hook, carried = Acting(self.cloud, PROD, "deployer"), self.rollbacks.pop(run, None)
        with self._task(Acted("rollback", run)):
            outcome: Outcome[Any]
            if carried is None:
                outcome = rollback.begin(hook, self.case, self.model, version, run, "someone")
            else:
                outcome = rollback.look(
                    hook, self.case, self.model, version, run, "someone", "because", **carried
                )
            if isinstance(outcome, Pending):
                self.rollbacks[run] = dict(outcome.carried)
            elif isinstance(outcome, Done):
                self.in_progress.discard(run)

    # ---------------------------------------------------------------- ways
    def runs_of(self, number: int) -> list[Run]:
        """Return a version's runs, the latest first."""
        runs = [run for run in self.runs.values() if run.arn == arn_of(number)]
        return sorted(runs, key=lambda run: run.attempt, reverse=True)

    def go_on(self, number: int, task: str | None = None) -> None:
        """Have a version's latest run go on with a task, by default with the next."""
        for run in self.runs_of(number)[:1]:
            self.work(run, task or run.next_task)

    def settle(self, role: AccountRole, *, succeeds: bool = True) -> None:
        """Have changes of endpoints end; one that goes back to what was live succeeds."""
        account = self.cloud.accounts[role]
        for name, endpoint in list(account.endpoints.items()):
            live = self.item(live_key(role, "credit_risk"))
            back = live is not None and endpoint.to == live["endpoint_config"]
            account.settle(name, succeeds=succeeds or back)

    def sync_later(self) -> None:
        """Sync when CloudTrail knows everything."""
        self.cloud.shift(timedelta(minutes=16))
        self.sync()

    def way(self, number: int) -> list[Callable[[], None]]:
        """Return the steps of a version's way to production as it should be."""
        test, sync = AccountRole.TEST, self.sync_later
        return [
            sync,
            lambda: self.decide(number, 0),
            sync,
            lambda: self.go_on(number, "deploy_to_test"),
            lambda: self.settle(test),
            lambda: self.go_on(number, "deploy_to_test"),
            lambda: self.go_on(number, "test"),
            lambda: self.go_on(number, "remove"),
            lambda: self.settle(test),
            sync,
            lambda: self.decide(number, 1),
            sync,
            lambda: self.go_on(number, "deploy_to_production"),
            lambda: self.settle(PROD),
            lambda: self.go_on(number, "deploy_to_production"),
            lambda: self.go_on(number, "smoke"),
            lambda: self.go_on(number, "close"),
        ]

    # ---------------------------------------------------------------- what must never be
    @contextmanager
    def _task(self, acted: Acted, production: bool = False) -> Iterator[None]:
        self.acting.append(acted)
        acted.revoked = frozenset(self.oracle.revoked)
        if production:
            self._look_at(acted)
        try:
            yield
        except CausewayError as error:
            if not error.retryable:
                self.in_progress.discard(acted.run)
            if acted.kind == "close":
                self.runs[acted.run.removesuffix(" close")].failed = True
        except Killed:
            pass
        finally:
            self.acting.pop()
            self.cloud.kill_after = self.cloud.meanwhile = None

    def beside(self, action: Callable[[], None]) -> Callable[[], None]:
        """Return something that happens between two calls of the running task."""

        def happen() -> None:
            kill, self.cloud.kill_after = self.cloud.kill_after, None
            action()
            self.cloud.kill_after = kill
            for acted in self.acting:
                if acted.kind == "deploy_to_production":
                    self._look_at(acted)

        return happen

    def _look_at(self, acted: Acted) -> None:
        assert acted.arn is not None
        start = self.oracle.obstacle(acted.arn, acted.attempt, in_time=True)
        stay = self.oracle.obstacle(acted.arn, acted.attempt, in_time=False)
        acted.may_start |= start is None
        acted.may_stay |= stay is None
        acted.obstacle = start or acted.obstacle

    def item(self, key: Key) -> dict[str, Any] | None:
        return self.cloud.table.items.get(key)

    def _brought(self, role: AccountRole, config: str) -> None:
        acted, live = self.acting[-1], self.item(live_key(PROD, "credit_risk"))
        self.in_progress.add(acted.run)
        if role is not PROD or (live and live["endpoint_config"] == config):
            return
        if acted.kind == "rollback":
            if not self.tampered:
                tags = self.cloud.accounts[PROD].configs[config]["Tags"]
                arn = next(t["Value"] for t in tags if t["Key"] == deployment.TAG_VERSION)
                version = ModelPackageArn.parse(arn)
                assert version in self.oracle.was_live, "it was never live"
                assert version not in {stopped for stopped, _ in acted.revoked}, "it is stopped"
            return
        self.started += 1
        assert acted.kind == "deploy_to_production"
        assert acted.may_start, f"{acted.run} starts: {acted.obstacle}"

    def _written(self, updates: Any) -> None:
        for update in updates:
            if update.item is None:
                continue  # a check, or a lease
            if update.key.sk.startswith("REVOCATION#"):
                arn = ModelPackageArn.parse(update.item["version_arn"])
                self.oracle.revoked.add((arn, int(update.item["attempt"])))
            if update.key == live_key(PROD, "credit_risk"):
                self._recorded(update)

    def _recorded(self, update: Update) -> None:
        assert update.item is not None
        acted, arn = self.acting[-1], ModelPackageArn.parse(update.item["version_arn"])
        if acted.kind == "rollback":
            if not self.tampered:
                assert arn in self.oracle.was_live, "rolled back to what was never live"
                registered = self.oracle.versions[arn]
                assert update.item["package_sha256"] == registered.fingerprint
            attempt = int(
                (self.item(Key(version_pk(arn), "PROMOTION")) or {"attempt": 1})["attempt"]
            )
            assert (arn, attempt) not in self.oracle.revoked, "rolled back to what was stopped"
        else:
            assert acted.may_stay, f"{acted.run} is recorded: {acted.obstacle}"
            assert (arn, acted.attempt) not in self.oracle.revoked, f"{acted.run} was stopped"
        self.recorded += 1
        self.oracle.was_live.add(arn)
