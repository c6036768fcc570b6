"""Endpoints that others made, read in for the lineage."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from causeway.instants import instant
from causeway.lineage.observations import observed
from causeway.lineage.records import Deployed, Observed, Record
from causeway.topology.account_roles import AUDITORS, AccountRole
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.endpoints import EndpointsHook
from causeway_airflow.hooks.lineage import LineageHook
from causeway_airflow.tasks import clock
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.deployment import CHANGING


def endpoints_of_others(hook: Hooks, role: AccountRole) -> Iterator[Record]:
    """Yield the endpoints of an account that serve what no deployment of ours brought there.

    One that was on record and is gone, or was replaced by ours, ended by now at the latest.
    """
    lineage = hook(LineageHook, AccountRole.GOVERNANCE, "table-reader")
    ours: dict[str, str] = {}
    for record in lineage.records(Deployed.kind):
        assert isinstance(record, Deployed)
        if not record.removed:
            ours[record.endpoint] = record.config
    endpoints = hook(EndpointsHook, role, AUDITORS[role])
    there = set()
    for endpoint in endpoints.all():
        if endpoint["EndpointStatus"] in CHANGING:
            there.add(endpoint["EndpointArn"])  # it is looked at once it has settled
            continue
        config = endpoints.config_of(endpoint["EndpointName"])
        if config is None or ours.get(endpoint["EndpointArn"]) == config["EndpointConfigArn"]:
            continue
        there.add(endpoint["EndpointArn"])
        models = [
            endpoints.model(variant["ModelName"])
            for variant in config["ProductionVariants"]
            if variant.get("ModelName")
        ]
        yield observed(endpoint, config, models)
    account = f":{topology().account(role)}:"
    for record in lineage.records(Observed.kind):
        assert isinstance(record, Observed)
        if account in record.endpoint and record.endpoint not in there and not record.gone:
            yield replace(record, gone=instant(clock.now()))
