"""Operators that test a deployed version, and the one that says how its promotion ended."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from causeway_airflow.assets import STAGE_RECORDS
from causeway_airflow.bases.promotion import PromotionOperator
from causeway_airflow.bases.waiting import WaitingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.results import EndpointTested, RemovedEndpoint, SmokeTested
    from causeway_airflow.waits import Outcome


class EndpointTestOperator(PromotionOperator, WaitingOperator["EndpointTested"]):
    """Ask the live endpoint about the held-out rows and record how it did.

    The endpoint has to answer as the evaluated artifact did, and to keep the bounds of the gate
    report. The answers are measured by the model's own `evaluate.py`, in a processing job in the
    account of its training.

    :param wait: how long the job may take
    :returns: `EndpointTested`, the metrics
    """

    before_its_end = True

    def __init__(self, *, wait: timedelta = timedelta(hours=2), **kwargs: Any) -> None:
        super().__init__(duty="deployer", outlets=[STAGE_RECORDS], wait=wait, **kwargs)

    def begin(self, context: Context) -> Outcome[EndpointTested]:
        """Ask, have the answers measured."""
        from causeway_airflow.tasks.endpoint_tests import ask

        return ask(self.hook, self.subject(context), context["dag_run"].run_id)

    def look(self, context: Context, **carried: Any) -> Outcome[EndpointTested]:
        """Compare, judge, record."""
        from causeway_airflow.tasks.endpoint_tests import look

        return look(self.hook, self.subject(context), **carried)


class RemoveTestEndpointOperator(PromotionOperator):
    """Delete the test endpoint after its test, unless it serves another version by now.

    `deployment: {keep_test_endpoint: true}` of a model leaves this out.

    :returns: `RemovedEndpoint`
    """

    after_its_end = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(account_role="test", duty="deployer", **kwargs)

    def perform(self, context: Context) -> RemovedEndpoint:
        """Take the lease, delete, record, give the lease back."""
        from causeway_airflow.tasks.endpoint_removal import remove_endpoint

        return remove_endpoint(self.hook, self.subject(context), context["dag_run"].run_id)


class SmokeTestOperator(PromotionOperator):
    """Ask the production endpoint about a few rows and record the promotion as deployed.

    :returns: `SmokeTested`
    """

    before_its_end = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(duty="deployer", **kwargs)

    def perform(self, context: Context) -> SmokeTested:
        """Predict, record."""
        from causeway_airflow.tasks.endpoint_tests import smoke_test

        return smoke_test(self.hook, self.subject(context), context["dag_run"].run_id)


class ClosePromotionOperator(PromotionOperator):
    """Say how the promotion ended, whatever happened before; the last task of the run.

    Runs when everything else is done. A rejection or a failure is recorded and fails this task,
    and with it the run; a deployed or superseded promotion was recorded by who ended it.

    :returns: the promotion's status
    """

    after_its_end = True

    def __init__(self, **kwargs: Any) -> None:
        kwargs |= {"trigger_rule": "all_done", "outlets": [STAGE_RECORDS]}
        super().__init__(account_role="governance", duty="recorder", **kwargs)

    def perform(self, context: Context) -> str:
        """Read the table; record a rejection or a failure and raise it."""
        from causeway_airflow.tasks.promotion import close

        return close(self.hook, self.subject(context))
