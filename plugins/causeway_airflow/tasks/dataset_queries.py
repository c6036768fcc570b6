"""The queries of a dataset: what is there, which rows a group lacks, and the dataset's own.

A short query counts what is there and finds the last write, which is the snapshot; a second counts
the rows without a record in a joined group. The dataset's own query goes up to that snapshot. Its
text follows from the data, and its token from its text: a retry finds the query that ran.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from causeway.datasets.datasets import StoreTable, absent, dataset_query, group_tables
from causeway.datasets.query import DatasetQuery, GroupTable, summary_sql
from causeway.digests import sha256
from causeway.errors import CausewayError, NotSharedYet
from causeway.instants import instant, unzoned
from causeway.statuses import Meaning
from causeway.topology.accounts import AccountRole
from causeway.topology.arns import FeatureGroupArn
from causeway.topology.names import WORKGROUP
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.athena import AthenaHook
from causeway_airflow.hooks.base import AwsCallError
from causeway_airflow.hooks.feature_store import FeatureGroupsHook
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.jobs import uri_of
from causeway_airflow.tasks.missing_grants import missing_grant

log = logging.getLogger(__name__)

#: Attempts of the dataset's own query.
ATTEMPTS: Final = 3
LOOK_SECONDS: Final = 0.1
#: Seconds in which a short query is waited for on the worker; deferring costs more.
PATIENCE = 3.0
#: Seconds for the query that counts what is there.
SUMMARY_SECONDS: Final = 300.0


@dataclass(frozen=True)
class StartedQuery:
    """The query of a dataset, as it is carried over the wait for it."""

    execution_id: str
    sql: str
    snapshot: str
    missing: dict[str, int]


def start(
    hook: Hooks, role: AccountRole, case: UseCase, model: ModelSpec, ingested: Mapping[str, int]
) -> tuple[StartedQuery, dict[str, Any]]:
    """Start the query of a model's dataset, or find it; returns it and its latest description.

    `ingested` says how many records the last ingestion of each group had.

    Raises:
        NotSharedYet: a group may not be read yet, or its records have not all arrived.
        BadInput: a group lacks rows, and the declaration refuses that.
    """
    places = _places(hook, case, model)
    snapshot = _snapshot(hook, case, model, group_tables(case, model, places), ingested)
    query = dataset_query(case, model, places, snapshot)
    missing = _missing(hook, case, model, query)
    sql, athena, description = query.sql(), hook(AthenaHook), {}
    for attempt in range(1, ATTEMPTS + 1):
        token = sha256(f"{sql}#{attempt}")
        # A folder of its own: what an attempt that failed left there is in nobody's way.
        folder = uri_of(role, f"datasets/queries/{case.id}/{token}/")
        unload = (
            f"UNLOAD (\n{sql}\n) TO '{folder}' WITH (format = 'PARQUET', compression = 'SNAPPY')"
        )
        execution = athena.start(unload, WORKGROUP, token)
        description = settled(athena, execution, PATIENCE)
        if athena.meaning(description) is not Meaning.FAILURE:
            break
        log.warning("attempt %d: %s", attempt, athena.failure(description))
    started = StartedQuery(
        execution_id=description["QueryExecutionId"],
        sql=sql,
        snapshot=instant(query.snapshot or snapshot),
        missing=missing,
    )
    return started, description


def failure(
    hook: Hooks, case: UseCase, model: ModelSpec, description: Mapping[str, Any]
) -> CausewayError:
    """Return why a query failed: the grant that is missing, else Athena's reason."""
    owner = topology().account(AccountRole.DATA)
    for table in group_tables(case, model, _places(hook, case, model)):
        if missing := missing_grant(hook, table.name, owner):
            return missing
    return hook(AthenaHook).failure(description)


def settled(athena: AthenaHook, execution_id: str, seconds: float) -> dict[str, Any]:
    """Look until a query has ended, for so long at most; return its description."""
    deadline = time.monotonic() + seconds
    while True:
        description = athena.describe(execution_id)
        if athena.meaning(description) is not Meaning.WAITING or time.monotonic() > deadline:
            return description
        time.sleep(LOOK_SECONDS)


def _places(hook: Hooks, case: UseCase, model: ModelSpec) -> dict[str, StoreTable]:
    """Return where the groups' stores are, as their owner describes them."""
    groups, places = hook(FeatureGroupsHook), {}
    for joined in model.dataset.joined(case.feature_groups):
        arn = str(FeatureGroupArn.of(topology(), AccountRole.DATA, joined.group))
        try:
            description = groups.call("describe_feature_group", FeatureGroupName=arn)
        except AwsCallError as error:
            if not error.denied:
                raise
            raise NotSharedYet(
                f"{arn} is not shared with this account yet ({error.code})",
                principal=groups.principal,
                next_step="Run platform__sharing; this task looks again.",
            ) from error
        catalog = description["OfflineStoreConfig"]["DataCatalogConfig"]
        types = {
            feature["FeatureName"]: feature["FeatureType"]
            for feature in description["FeatureDefinitions"]
        }
        places[joined.group] = StoreTable(
            catalog["Database"],
            catalog["TableName"],
            "Fractional" if types[description["EventTimeFeatureName"]] != "String" else "String",
        )
    return places


def _snapshot(
    hook: Hooks,
    case: UseCase,
    model: ModelSpec,
    tables: Sequence[GroupTable],
    ingested: Mapping[str, int],
) -> datetime:
    """Return the last write of all groups; what was ingested must have arrived."""
    sql = "\nUNION ALL\n".join(
        f"SELECT {n} AS number, s.* FROM ({summary_sql(table)}) s"  # noqa: S608 - quoted there
        for n, table in enumerate(tables)
    )
    rows = {int(row["number"]): row for row in _answer(hook, case, model, sql)}
    for number, joined in enumerate(model.dataset.joined(case.feature_groups)):
        records = int(rows[number]["records"])
        if records < max(1, ingested.get(joined.group, 0)):
            # The offline store follows the online one by minutes (Feature Store guide).
            raise NotSharedYet(
                f"the offline store of {joined.group} holds {records} records, fewer than were "
                "ingested",
                principal=hook(AthenaHook).principal,
                next_step="Run the features DAG first; after it, wait up to 15 minutes.",
            )
    return unzoned(max(row["written"] for row in rows.values()))


def _missing(hook: Hooks, case: UseCase, model: ModelSpec, query: DatasetQuery) -> dict[str, int]:
    """Return how many rows lack a record, by group; log them, or refuse as declared."""
    if not query.joined:
        return {}
    (counts,) = _answer(hook, case, model, query.missing_sql())
    lacking = absent(case, model, counts)
    policies = {
        joined.group: model.dataset.missing_of(joined)
        for joined in model.dataset.joined(case.feature_groups)
    }
    for group in lacking:
        log.warning(
            "%d of %d rows have no record in %s (such as %s): %s",
            *(group.rows, group.of, group.group, group.example, policies[group.group]),
        )
    return {group.group: group.rows for group in lacking}


def _answer(hook: Hooks, case: UseCase, model: ModelSpec, sql: str) -> list[dict[str, str]]:
    """Run a short query to its end and return its rows."""
    athena = hook(AthenaHook)
    execution = athena.start(sql, WORKGROUP, uuid4().hex)
    description = settled(athena, execution, SUMMARY_SECONDS)
    if athena.meaning(description) is not Meaning.SUCCESS:
        raise failure(hook, case, model, description)
    return athena.rows(execution)
