"""Promotions of one model side by side: in whatever order, each is tested by itself, one is live.

`make test` takes 3 orders, `make soak` (CAUSEWAY_DEPTH=full) 30.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from causeway.errors import CausewayError, Superseded
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.versions.stages import Stage, Status
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import (
    ABOUT,
    approve,
    asked,
    deploy,
    register,
    run_of,
    say_production,
    smoke,
    sync,
    to_production,
)
from tests.plugins.conftest import context, woken
from tests.plugins.table_records import stage_table

pytestmark = pytest.mark.usefixtures("own_endpoints")

FULL = os.environ.get("CAUSEWAY_DEPTH") == "full"
#: How sure the model of each version is, which shows in the Brier score of its test.
SURE = (0.9, 0.8, 0.7)
TASKS = 8
NOTES = itertools.count()

orders = st.integers(2, 3).flatmap(
    lambda count: st.permutations([number for number in range(count) for _ in range(TASKS)])
)


class Run:
    """A version's promotion run, one task or half of one at a time."""

    def __init__(self, platform: LocalPlatform, sure: float) -> None:
        self.platform, self.sure = platform, sure
        note = f"side by side {next(NOTES)}"
        self.version: str = register(note, sure=sure).perform(context())["version_arn"]
        self.steps = self.way()
        self.ended = False

    def step(self) -> None:
        """Go on; a task that cannot act now is tried again, a newer version ends the run."""
        try:
            next(self.steps)
        except StopIteration:
            self.ended = True

    def way(self) -> Iterator[None]:
        try:
            yield from self.deployed(deploy(self.version))
            yield from self.tried(lambda: asked(self.version))
            yield from self.tried(self.remove)
            sync()
            say_production(self.platform, self.version)
            sync()
            yield
            yield from self.deployed(to_production(self.version))
            yield from self.tried(lambda: smoke(self.version).perform(run_of(self.version)))
        except Superseded:
            return

    def deployed(self, operator: Any) -> Iterator[None]:
        """Begin a deployment, and look at it later; a lost lease begins it again."""
        from airflow.sdk.exceptions import TaskDeferred

        while True:
            try:
                operator.perform(run_of(self.version))
                return
            except TaskDeferred as begun:
                deferred = begun
            except CausewayError as error:
                if not error.retryable:
                    raise
                yield
                continue
            yield
            try:
                woken(operator, run_of(self.version), deferred)
            except CausewayError as error:
                if not error.retryable:
                    raise
            else:
                yield
                return

    def tried(self, task: Any) -> Iterator[None]:
        while True:
            try:
                task()
            except CausewayError as error:
                if not error.retryable:
                    raise
                yield
            else:
                yield
                return

    def remove(self) -> None:
        from causeway_airflow.operators.promotion import RemoveTestEndpointOperator

        RemoveTestEndpointOperator(
            task_id="remove", version_arn=self.version, attempt=1, **ABOUT
        ).perform(run_of(self.version))

    def record(self, stage: Stage) -> Any:
        return stage_table().state(ModelPackageArn.parse(self.version)).records.get(stage)


@settings(
    max_examples=30 if FULL else 3,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
@given(order=orders)
def test_promotions_side_by_side_are_each_tested_and_one_is_live(
    shared: LocalPlatform, order: Sequence[int]
) -> None:
    runs = [Run(shared, sure) for sure in SURE[: max(order) + 1]]
    sync()
    for run in runs:
        approve(shared, run.version)
    rest = itertools.cycle(range(len(runs)))
    for number in itertools.chain(order, itertools.islice(rest, 20 * TASKS)):
        if not runs[number].ended:
            runs[number].step()
    sync()
    assert all(run.ended for run in runs)
    for run in runs:
        test = run.record(Stage.TEST)
        if test is not None and test.validation_metrics:
            assert test.validation_metrics["brier"] == pytest.approx((1 - run.sure) ** 2)
    newest = runs[-1]
    live = stage_table().live(AccountRole.PROD, "credit_risk")
    assert str(live.version_arn) == newest.version
    endpoint = shared.client("sagemaker", "prod").describe_endpoint(EndpointName="credit-risk")
    assert endpoint["EndpointStatus"] == "InService"
    assert endpoint["EndpointConfigName"] == live.endpoint_config
    registry = shared.client("sagemaker", "shared_services")
    for run in runs:
        record = run.record(Stage.PRODUCTION)
        expected = Status.DEPLOYED if run is newest else Status.SUPERSEDED
        assert record is None or record.status is expected
        cycle = registry.describe_model_package(ModelPackageName=run.version)["ModelLifeCycle"]
        words = (cycle["Stage"], cycle["StageStatus"])
        assert (words == ("Production", "Approved")) == (run is newest)
