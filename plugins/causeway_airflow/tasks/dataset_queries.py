"""The queries of a dataset: what is there, which rows a group lacks, and the dataset's own.

A short query counts what is there and finds the last write, which is the snapshot; a second counts
the rows without a record in a joined group. The dataset's own query goes up to that snapshot. Its
text follows from the data, and its token from its text: a retry finds the query that ran.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import uuid4

from causeway.datasets.datasets import StoreTable, absent, dataset_query, group_tables
from causeway.datasets.query import DatasetQuery, GroupTable, summaries_sql
from causeway.digests import sha256
from causeway.errors import BadInput, CausewayError, NotSharedYet
from causeway.features.health import Appended
from causeway.instants import instant, unzoned
from causeway.names import ORDINALS
from causeway.sharing.grants import desired_grants, may_read
from causeway.statuses import Meaning
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import FeatureGroupArn
from causeway.topology.names import WORKGROUP
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.hooks.athena import SUMMARY_SECONDS, AthenaHook
from causeway_airflow.hooks.base import AwsCallError
from causeway_airflow.hooks.feature_store import FeatureGroupsHook
from causeway_airflow.tasks import clock
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.jobs import uri_of
from causeway_airflow.tasks.missing_grants import missing_grant
from causeway_airflow.waits import Question, Wait

log = logging.getLogger(__name__)

#: Attempts of the dataset's own query.
ATTEMPTS: Final = 3
#: Seconds in which a short query is waited for on the worker; deferring costs more.
PATIENCE = 3.0
#: How long the offline store may take; AWS says up to 15 minutes (Feature Store guide).
ARRIVAL_SECONDS: Final = 1800.0


@dataclass(frozen=True)
class StartedQuery:
    """The query of a dataset, as it is carried over the wait for it."""

    execution_id: str
    sql: str
    snapshot: str
    missing: dict[str, int]


def start(
    hook: Hooks,
    role: AccountRole,
    case: UseCase,
    model: ModelSpec,
    appended: Mapping[str, Appended],
) -> tuple[StartedQuery, dict[str, Any]] | Wait:
    """Start the query of a model's dataset, or find it; returns it and its latest description.

    `appended` says what the latest ingestion of each group sent to the offline store. As long as it
    has not all arrived, returns the wait for it.

    Raises:
        NotSharedYet: a group may not be read yet, or holds nothing.
        BadInput: a group lacks rows, and the declaration refuses that.
    """
    places = _places(hook, case, model)
    snapshot = _snapshot(hook, case, model, group_tables(case, model, places), appended)
    if isinstance(snapshot, Wait):
        return snapshot
    query = dataset_query(case, model, places, snapshot)
    missing = _missing(hook, case, model, query)
    sql = query.sql()
    description = _unload(hook(AthenaHook), role, case, sql)
    started = StartedQuery(
        execution_id=description["QueryExecutionId"],
        sql=sql,
        snapshot=instant(query.snapshot or snapshot),
        missing=missing,
    )
    return started, description


def _unload(athena: AthenaHook, role: AccountRole, case: UseCase, sql: str) -> dict[str, Any]:
    """Start the query, or find it, and return its description; a failed one is tried again.

    One whose results the bucket's lifecycle deletes is as good as none.
    """
    failures = 0
    for attempt in range(1, ORDINALS + 1):
        token = sha256(f"{sql}#{attempt}")
        # A folder of its own: what an attempt that failed left there is in nobody's way.
        folder = uri_of(role, f"datasets/queries/{case.id}/{token}/")
        unload = (
            f"UNLOAD (\n{sql}\n) TO '{folder}' WITH (format = 'PARQUET', compression = 'SNAPPY')"
        )
        execution = athena.start(unload, WORKGROUP, token)
        description = athena.settled(execution, PATIENCE)
        ended = description["Status"].get("CompletionDateTime")
        if topology().retention.queries_expired(ended, clock.now()):
            continue
        if athena.meaning(description) is not Meaning.FAILURE:
            break
        log.warning("attempt %d: %s", attempt, athena.failure(description))
        failures += 1
        if failures == ATTEMPTS:
            break
    return description


def failure(
    hook: Hooks, case: UseCase, model: ModelSpec, description: Mapping[str, Any]
) -> CausewayError:
    """Return why a query failed: the grant that is missing, else Athena's reason."""
    owner = topology().account(AccountRole.DATA)
    for table in group_tables(case, model, _places(hook, case, model)):
        if missing := missing_grant(hook, table.name, owner):
            return missing
    return hook(AthenaHook).failure(description)


def _places(hook: Hooks, case: UseCase, model: ModelSpec) -> dict[str, StoreTable]:
    """Return where the groups' stores are, as their owner describes them."""
    _require_access(model)
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


def _require_access(model: ModelSpec) -> None:
    """Refuse groups of other use cases whose `access` does not let data science read them.

    Without a share AWS refuses the call, too; only the declaration says that waiting is no use.
    """
    if not model.dataset.of_others:
        return
    cases, places = {case.id: case for case in use_cases()}, topology()
    grants = desired_grants(cases.values(), places, clock.now())
    reader = places.account(AccountRole.DATA_SCIENCE)
    for joined in model.dataset.of_others:
        group = FeatureGroupArn.of(places, AccountRole.DATA, joined.group)
        if not may_read(grants, group, reader):
            owner = cases[joined.use_case or ""]
            raise BadInput(
                f"{model.name} may not read {joined.group}: the access that {owner.id} declares "
                "does not let data_science read it",
                account=group.account,
                next_step=f"Ask {owner.owner} to add {{resource: feature_groups, grant: read, "
                f"to: [data_science], names: [{joined.group}]}} to `access` of {owner.id}, then "
                "run platform__sharing.",
            )


def _snapshot(
    hook: Hooks,
    case: UseCase,
    model: ModelSpec,
    tables: Sequence[GroupTable],
    appended: Mapping[str, Appended],
) -> datetime | Wait:
    """Return the last write of all groups, or the wait for what was sent and has not arrived."""
    groups = [joined.group for joined in model.dataset.joined(case.feature_groups)]
    expected = [appended[group].rows if group in appended else 0 for group in groups]
    since = [appended[group].since if group in appended else None for group in groups]
    sql = summaries_sql(tables, since)
    rows = {int(row["number"]): row for row in _answer(hook, case, model, sql)}
    late = []
    for number, (group, records) in enumerate(zip(groups, expected, strict=True)):
        arrived = int(rows[number]["arrived"] or 0)
        if arrived < records:
            late.append(f"{group} ({arrived} of {records} rows)")
        elif not int(rows[number]["records"]):
            raise NotSharedYet(
                f"the offline store of {group} holds no records",
                principal=hook(AthenaHook).principal,
                next_step="Run the features DAG first.",
            )
    if late:
        return _arrival(", ".join(late), sql, expected)
    return unzoned(max(row["written"] for row in rows.values()))


def _arrival(late: str, sql: str, expected: Sequence[int]) -> Wait:
    return Wait(
        what=f"what was ingested into {late}",
        ask=Question(
            "causeway_airflow.hooks.athena.AthenaHook",
            "arrived",
            {"sql": sql, "workgroup": WORKGROUP, "expected": list(expected)},
        ),
        seconds=ARRIVAL_SECONDS,
        unfinished="is not in the offline store",
        next_step="Look at OfflineStoreStatus of the feature group in the data account; it names "
        "what blocks it. Then re-run the task: it goes on waiting.",
    )


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
    description = athena.settled(execution, SUMMARY_SECONDS)
    if athena.meaning(description) is not Meaning.SUCCESS:
        raise failure(hook, case, model, description)
    return athena.rows(execution)
