"""The operator that deploys a decided version into an account."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from causeway_airflow.bases.promotion import PromotionOperator
from causeway_airflow.bases.waiting import WaitingOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.results import Deployed
    from causeway_airflow.waits import Outcome


class DeployEndpointOperator(PromotionOperator, WaitingOperator["Deployed"]):
    """Deploy the decided version behind the model's endpoint, one run at a time.

    Checks what was decided (by whom, on which package, in which call), that nobody has stopped it,
    the artifact's digest as it lies in S3 and that nothing newer is live; takes the lease; makes
    model, endpoint config and endpoint, or adopts what a first try made; waits in the triggerer,
    first for the name where an endpoint of it is being deleted; succeeds only when the endpoint is
    InService on the requested config with the approved digest, nobody has stopped it meanwhile, and
    package and artifact are still what was decided on: else the endpoint goes back to what was
    live. The lease goes on to the test of the endpoint. A superseded promotion ends here, visibly,
    and skips the rest.

    :param wait: how long the endpoint may take
    :returns: `Deployed`
    """

    ui_color = "#d5e8d4"
    before_its_end = True

    def __init__(self, *, wait: timedelta = timedelta(hours=1), **kwargs: Any) -> None:
        super().__init__(duty="deployer", wait=wait, **kwargs)

    def begin(self, context: Context) -> Outcome[Deployed]:
        """Check, take the lease, begin."""
        from causeway_airflow.tasks.deployment import begin

        return begin(self.hook, self.subject(context), context["dag_run"].run_id)

    def look(self, context: Context, **carried: Any) -> Outcome[Deployed]:
        """Judge the endpoint, write what is live."""
        from causeway_airflow.tasks.deployment import look

        return look(self.hook, self.subject(context), context["dag_run"].run_id, **carried)
