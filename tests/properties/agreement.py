"""What the table and the endpoint say of production, between any two tasks."""

from __future__ import annotations

from causeway.deployment.leases import lease_key, live_key
from tests.properties.world import PROD, World


def require_agreement(world: World) -> None:
    """Assert that one version is deployed, and that records, LIVE and endpoint name the same."""
    if world.tampered:
        return
    live = world.item(live_key(PROD, "credit_risk"))
    deployed = [
        item["version_arn"]
        for key, item in world.cloud.table.items.items()
        if key.sk == "STAGE#production" and item["status"] == "deployed"
    ]
    assert deployed == ([live["version_arn"]] if live else []), (deployed, live)
    lease = world.item(lease_key(PROD, "credit_risk"))
    # One that ran out, and that nobody gave back, is of a run that died: its next try mends it.
    taken = lease and lease["lease_until"] != 0
    endpoint = world.cloud.accounts[PROD].endpoints.get(world.model.endpoint)
    in_progress = any(not run.endswith("_test") for run in world.in_progress)
    if endpoint and endpoint.status == "InService" and not taken and not in_progress:
        assert live is not None, f"{endpoint.config} is served and not recorded"
        assert live["endpoint_config"] == endpoint.config
