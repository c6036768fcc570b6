"""What production serves is compared with what is recorded; what differs raises an alert."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from causeway.deployment.leases import acquire_lease, lease_of, release_lease
from causeway.topology.account_roles import AccountRole
from tests.local_platform import LocalPlatform
from tests.plugins.conftest import context
from tests.plugins.promoting import promoted
from tests.plugins.table_records import stage_table

pytestmark = pytest.mark.usefixtures("own_endpoints")

Heard = Callable[[], list[dict[str, Any]]]
ENDPOINT = {"EndpointName": "credit-risk"}


def compare() -> dict[str, str]:
    from causeway_airflow.operators.live_models import LiveEndpointsOperator

    problems: dict[str, str] = LiveEndpointsOperator(task_id="compare").perform(context())
    return problems


@pytest.fixture(scope="module")
def configs(shared: LocalPlatform) -> tuple[str, str]:
    """The endpoint configs of two versions, the second of which is live."""
    sagemaker = shared.client("sagemaker", "prod")

    def go_live(note: str) -> str:
        promoted(shared, note)
        return str(sagemaker.describe_endpoint(**ENDPOINT)["EndpointConfigName"])

    return go_live("served before"), go_live("served now")


def serve(platform: LocalPlatform, config: str) -> None:
    sagemaker = platform.client("sagemaker", "prod")
    sagemaker.update_endpoint(**ENDPOINT, EndpointConfigName=config)
    sagemaker.get_waiter("endpoint_in_service").wait(**ENDPOINT, WaiterConfig={"Delay": 1})


def test_an_endpoint_that_was_changed_behind_the_table_is_alerted(
    shared: LocalPlatform, configs: tuple[str, str], heard: Heard
) -> None:
    before, live = configs
    heard()
    assert compare() == {}
    serve(shared, before)
    assert f"serves {before}; recorded as live is" in compare()["credit_risk"]
    (alert,) = heard()
    assert (alert["severity"], alert["subject"]) == ("critical", "credit_risk")
    serve(shared, live)
    assert compare() == {}


def test_an_endpoint_that_a_run_changes_is_left_alone(
    shared: LocalPlatform, configs: tuple[str, str]
) -> None:
    before, live = configs
    serve(shared, before)
    table = stage_table()
    taken = table.apply(
        acquire_lease(
            AccountRole.PROD,
            "credit_risk",
            "a run",
            now=datetime.now(UTC),
            lasting=timedelta(minutes=5),
        )
    )
    assert taken is not None
    assert compare() == {}
    assert table.apply(release_lease(lease_of(taken)))
    assert "credit_risk" in compare()
    serve(shared, live)


def test_an_endpoint_that_is_gone_is_alerted(
    shared: LocalPlatform, configs: tuple[str, str]
) -> None:
    sagemaker = shared.client("sagemaker", "prod")
    sagemaker.delete_endpoint(**ENDPOINT)
    sagemaker.get_waiter("endpoint_deleted").wait(**ENDPOINT, WaiterConfig={"Delay": 1})
    assert compare() == {"credit_risk": "it is gone"}
