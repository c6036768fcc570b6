"""One dataset of shared features: queried with Athena as their consumer, stored by content."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from causeway.datasets.datasets import dataset_spec, identifiers, require_bounded
from causeway.digests import canonical_json, sha256
from causeway.errors import NameTaken, NotSharedYet
from causeway.features.health import Appended
from causeway.features.origins import DataOrigin
from causeway.statuses import Meaning
from causeway.topology.account_roles import AccountRole
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway_airflow.hooks.artifacts import ArtifactsHook
from causeway_airflow.hooks.athena import AthenaHook
from causeway_airflow.results import Dataset
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.dataset_queries import StartedQuery, failure, start
from causeway_airflow.tasks.jobs import uri_of
from causeway_airflow.tasks.origins import origin_of_dataset
from causeway_airflow.waits import Done, Outcome, Pending, Question, Wait

log = logging.getLogger(__name__)


def begin(
    hook: Hooks,
    role: AccountRole,
    case: UseCase,
    model: ModelSpec,
    appended: Mapping[str, Appended],
) -> Outcome[Dataset]:
    """Start the query of a model's dataset, or find it; store what it wrote once it has ended.

    `appended` says what the latest ingestion of each group sent to the offline store; until that
    has arrived, the task waits for it.

    Raises:
        NotSharedYet: a group may not be read yet, or holds nothing.
        BadInput: a group lacks rows and the declaration refuses that, or the dataset is too large.
    """
    started = start(hook, role, case, model, appended)
    if isinstance(started, Wait):
        return Pending(started)
    return _outcome(hook, role, case, model, *started)


def look(
    hook: Hooks,
    role: AccountRole,
    case: UseCase,
    model: ModelSpec,
    appended: Mapping[str, Appended],
    carried: Mapping[str, Any],
) -> Outcome[Dataset]:
    """Look again at the query that was carried: store what it wrote, or raise why it failed.

    Nothing is carried over the wait for the offline store: then the query begins now.
    """
    if not carried:
        outcome = begin(hook, role, case, model, appended)
        if isinstance(outcome, Pending) and outcome.carried:
            return replace(outcome, anew=True)
        return outcome
    query = StartedQuery(**carried)
    description = hook(AthenaHook).describe(query.execution_id)
    return _outcome(hook, role, case, model, query, description)


def _outcome(
    hook: Hooks,
    role: AccountRole,
    case: UseCase,
    model: ModelSpec,
    query: StartedQuery,
    description: Mapping[str, Any],
) -> Outcome[Dataset]:
    match hook(AthenaHook).meaning(description):
        case Meaning.WAITING:
            return Pending(_wait(query.execution_id), carried=asdict(query))
        case Meaning.SUCCESS:
            table = _table(hook, model, description["Statistics"]["DataManifestLocation"])
            origin = origin_of_dataset(hook, case, model)
            return Done(_stored(hook(ArtifactsHook), role, case, model, query, table, origin))
    raise failure(hook, case, model, description)


def _wait(execution_id: str) -> Wait:
    return Wait(
        what=f"query {execution_id}",
        ask=Question(
            "causeway_airflow.hooks.athena.AthenaHook",
            "get_query_execution",
            {"QueryExecutionId": execution_id},
        ),
        path="QueryExecution.Status.State",
        enum="QueryExecutionState",
    )


def _table(hook: Hooks, model: ModelSpec, manifest: str) -> pa.Table:
    """Read what a query unloaded, and bring its rows into order."""
    store = hook(ArtifactsHook)
    uris = store.read(manifest).decode().split()
    sizes = [int((store.head(uri) or {}).get("ContentLength", 0)) for uri in uris]
    require_bounded(sum(sizes), f"the dataset of {model.name}")
    parts = [pq.read_table(pa.BufferReader(store.read(uri))) for uri in uris]
    if not parts:
        raise NotSharedYet(
            f"the dataset of {model.name} has no rows: its feature groups have no records in "
            "common",
            principal=store.principal,
            next_step="Run the features DAG again, then look at the groups' records.",
        )
    table = pa.concat_tables(parts)
    return table.sort_by([(name, "ascending") for name in table.column_names])


def described(dataset: str) -> str:
    """Return where the document lies that describes a dataset."""
    return dataset.replace("dataset.parquet", "dataset.json")


def _stored(
    store: ArtifactsHook,
    role: AccountRole,
    case: UseCase,
    model: ModelSpec,
    query: StartedQuery,
    table: pa.Table,
    origin: DataOrigin,
) -> Dataset:
    """Store a dataset under its digest, with the document that describes it beside it."""
    spec = dataset_spec(case, model, table.combine_chunks())
    uri = uri_of(role, spec.key)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink)
    store.put(uri, sink.getvalue().to_pybytes(), sha256=spec.digest)
    dataset: Dataset = {
        "digest": spec.digest,
        "uri": uri,
        "rows": spec.rows,
        "groups": list(spec.groups),
        "missing": query.missing,
        "query_sha256": sha256(query.sql),
        "snapshot": query.snapshot,
        "execution_id": query.execution_id,
        "sources": list(origin.sources),
        "synthetic": origin.synthetic.value,
    }
    shown = (
        *("digest", "rows", "groups", "missing", "query_sha256", "snapshot"),
        *("sources", "synthetic"),
    )
    document = {name: value for name, value in dataset.items() if name in shown} | {
        "identifiers": identifiers(case, model),
        "declared": model.dataset.model_dump(mode="json"),
        "query": query.sql,
        "schema": {field.name: str(field.type) for field in table.schema},
    }
    text = canonical_json(document).encode()
    with suppress(NameTaken):  # another snapshot held the same rows: what it wrote stays
        store.put(described(uri), text, sha256=sha256(text))
    log.info("dataset %s: %d rows", spec.digest, spec.rows)
    return dataset
