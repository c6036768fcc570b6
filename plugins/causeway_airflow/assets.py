"""The assets that chain the DAGs: what one leaves behind and another is started by.

Their URIs have a scheme of our own that begins with `x-`: for any other, Airflow asks every
installed provider for a normaliser when the DAG file is parsed, which loads boto3.
"""

from __future__ import annotations

from airflow.sdk import Asset

from causeway.topology.account_roles import AccountRole
from causeway.topology.connections import connection_id
from causeway.topology.names import REGISTRY_QUEUE

#: The accounts are set up: stacks deployed, model groups and experiments there.
PLATFORM = Asset("causeway-platform", uri="x-causeway://platform/accounts")

#: Stage records were written by a promotion: the sync mirrors them into the registry.
STAGE_RECORDS = Asset("causeway-stage-records", uri="x-causeway://governance/stage-records")


def feature_group(name: str) -> Asset:
    """Return the asset of a feature group's content."""
    return Asset(f"feature-group-{name}", uri=f"x-causeway://feature-group/{name}")


def model_group(name: str) -> Asset:
    """Return the asset of a model package group's versions."""
    return Asset(f"model-group-{name}", uri=f"x-causeway://model-group/{name}")


def registry_events() -> Asset:
    """Return the asset that a registry event touches: the queue, watched by our trigger."""
    # Imported here: one DAG file needs the trigger, all of them need this module.
    from airflow.sdk import AssetWatcher

    from causeway_airflow.triggers.queue import QueueEventTrigger

    trigger = QueueEventTrigger(
        REGISTRY_QUEUE, connection_id(AccountRole.GOVERNANCE, "event-reader")
    )
    return Asset(
        "registry-events",
        uri=f"x-causeway://queue/{REGISTRY_QUEUE}",
        watchers=[AssetWatcher(name=REGISTRY_QUEUE, trigger=trigger)],
    )
