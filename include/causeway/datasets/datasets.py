"""Datasets: from a model's declaration to the query, and from its answer to digest and documents.

Tables are Arrow tables; pyarrow is imported inside the functions, because DAG files import this
package when they are parsed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

from causeway.datasets.query import (
    DatasetQuery,
    EventTimeType,
    GroupTable,
    OwnTable,
    TableName,
)
from causeway.digests import canonical_json
from causeway.errors import BadInput
from causeway.topology.names import DATA_CATALOG
from causeway.use_cases.contracts import Feature
from causeway.use_cases.dataset_specs import identifier_of, nullable_of, renamed, time_of
from causeway.use_cases.labels import favourable_of
from causeway.use_cases.use_case import ModelSpec, UseCase

if TYPE_CHECKING:
    import pyarrow as pa

#: Athena's name of the consumer's own Glue catalogue.
OWN_CATALOG: Final = "AwsDataCatalog"
#: The largest dataset, in bytes of Snappy Parquet, that a worker puts in order: rows and their text
#: are in its memory then, some ten times as much.
LARGEST: Final = 256 * 2**20


@dataclass(frozen=True)
class StoreTable:
    """Where a feature group's offline store is, as its owner describes it."""

    database: str
    table: str
    event_time_type: EventTimeType = "String"


def dataset_query(
    case: UseCase,
    model: ModelSpec,
    stores: Mapping[str, StoreTable],
    snapshot: datetime | None = None,
) -> DatasetQuery:
    """Return the query of a model's dataset; `stores` are by group.

    Writes count up to the snapshot, and up to the declared cut-off when that is earlier.
    """
    declared = model.dataset
    until = min((time for time in (snapshot, declared.until) if time is not None), default=None)
    tables = group_tables(case, model, stores)
    spine: GroupTable | OwnTable = tables[0]
    if (own := declared.table) is not None:
        spine = OwnTable(
            TableName(OWN_CATALOG, own.database, own.table),
            own.record_identifier,
            own.event_time,
            own.columns,
            own.event_time_type,
        )
    joined = tables if own is not None else tables[1:]
    return DatasetQuery(spine, joined, declared.mode, until)


def group_tables(
    case: UseCase, model: ModelSpec, stores: Mapping[str, StoreTable]
) -> tuple[GroupTable, ...]:
    """Return the offline stores of a model's dataset, in the order of its groups."""
    declared, tables = model.dataset, []
    groups = {group.name: group for group in case.groups_of(model)}
    for joined in declared.joined(case.feature_groups):
        group, store = groups[joined.group], stores[joined.group]
        database = joined.database or declared.database or store.database
        tables.append(
            GroupTable(
                TableName(declared.catalog or DATA_CATALOG, database, store.table),
                group.record_identifier,
                group.event_time,
                renamed(joined, group),
                store.event_time_type,
                joined.on,
                declared.missing_of(joined) == "drop",
            )
        )
    return tuple(tables)


def identifiers(case: UseCase, model: ModelSpec) -> dict[str, str]:
    """Return which of the dataset's columns holds the record identifiers of each group."""
    own = identifier_of(model.dataset, case.groups_of(model))
    return {joined.group: joined.on or own for joined in model.dataset.joined(case.feature_groups)}


@dataclass(frozen=True)
class Absent:
    """Rows of the spine that have no record in a group: how many, and one of them."""

    group: str
    rows: int
    of: int
    example: str


def absent(case: UseCase, model: ModelSpec, counted: Mapping[str, str]) -> tuple[Absent, ...]:
    """Read the answer of `DatasetQuery.missing_sql`: the groups that lack rows.

    Raises:
        BadInput: a group lacks rows, and the declaration refuses that.
    """
    declared = model.dataset
    groups = declared.joined(case.feature_groups)
    groups = groups if declared.table is not None else groups[1:]
    total, absences = int(counted["rows"]), []
    for number, joined in enumerate(groups, 1):
        count = int(counted[f"missing_{number}"] or 0)
        if not count:
            continue
        absence = Absent(joined.group, count, total, counted[f"example_{number}"])
        if declared.missing_of(joined) == "refuse":
            raise BadInput(
                f"{count} of {total} rows of the dataset of {model.name} have no record in "
                f"{joined.group}, among them {absence.example}; `missing: refuse` allows none",
                next_step=f"Ingest them into {joined.group}, or declare `missing: drop` or "
                "`missing: null` for it.",
            )
        absences.append(absence)
    return tuple(absences)


@dataclass(frozen=True)
class DatasetSpec:
    """Which dataset: the groups that it joins, and the digest of what came out."""

    use_case_id: str
    groups: tuple[str, ...]
    rows: int
    digest: str

    @property
    def key(self) -> str:
        """The key of the dataset in the data science bucket: content-addressed."""
        return f"datasets/{self.use_case_id}/{self.digest}/dataset.parquet"


def dataset_spec(case: UseCase, model: ModelSpec, table: pa.Table) -> DatasetSpec:
    """Describe a dataset; the digest is of names, types and values, not of a file format."""
    return DatasetSpec(
        use_case_id=case.id,
        groups=tuple(joined.group for joined in model.dataset.joined(case.feature_groups)),
        rows=table.num_rows,
        digest=table_digest(table),
    )


def table_digest(table: pa.Table) -> str:
    """Return the SHA-256 of a table's schema and of its values written as CSV."""
    import pyarrow.csv as pacsv

    schema = canonical_json([[field.name, str(field.type)] for field in table.schema])
    sink = _Digesting(hashlib.sha256(schema.encode() + b"\n"))
    pacsv.write_csv(table, sink)
    return str(sink.digest.hexdigest())


def require_bounded(size: int, what: str) -> None:
    """Refuse a dataset that is too large for a worker to put in order.

    Raises:
        BadInput: its files are larger than `LARGEST` bytes.
    """
    if size > LARGEST:
        raise BadInput(
            f"{what} is {size / 2**20:.0f} MiB of Parquet; a dataset may have {LARGEST >> 20} MiB",
            next_step="Name fewer `features` under `dataset.groups`, or take a smaller spine with "
            "`dataset.table`.",
        )


class _Digesting:
    """A file that keeps nothing of what is written to it but the digest."""

    closed = False

    def __init__(self, digest: Any) -> None:
        self.digest = digest

    def write(self, content: Any) -> int:
        self.digest.update(content)
        return len(content)

    def flush(self) -> None:
        """Nothing is kept back."""

    def close(self) -> None:
        """Nothing is open."""


def preprocess_document(case: UseCase, model: ModelSpec) -> dict[str, Any]:
    """Return what the preprocessing job reads: inputs with type and codes, label and split.

    `also` are features that the model does not read and the evaluation does.
    """
    training = model.training
    protected = {attribute.feature for attribute in model.protected.values()}
    groups, columns = case.groups_of(model), case.columns(model)
    times = time_of(model.dataset, groups) if model.dataset.mode == "point_in_time" else None
    nullable = nullable_of(model.dataset, groups)
    classes = case.classes(model)
    return {
        "record_identifier": identifier_of(model.dataset, groups),
        "event_time": times,
        "problem_type": model.problem_type,
        "label": training.label,
        "label_scale": training.label_scale,
        "classes": list(classes),
        "favourable": favourable_of(training, classes) if classes else None,
        "threshold": training.threshold,
        "features": [
            _feature(name, columns[name], nullable=name in nullable) for name in training.features
        ],
        "one_hot": list(training.one_hot),
        "impute": dict(training.impute),
        "also": sorted(protected - set(training.features)),
        "split": training.split.model_dump(),
    }


def evaluation_document(case: UseCase, model: ModelSpec) -> dict[str, Any]:
    """Return what the evaluation job reads: the preprocessing's, and what the gates ask for."""
    return {
        **preprocess_document(case, model),
        "protected": {name: attribute.model_dump() for name, attribute in model.protected.items()},
        "repeated_splits": model.training.repeated_splits,
    }


def _feature(name: str, feature: Feature | None, *, nullable: bool) -> dict[str, Any]:
    """Describe a feature; of the consumer's own table nobody knows more than the name."""
    if feature is None:
        return {"name": name, "type": None, "codes": [], "nullable": True}
    codes: list[int | str] = list(feature.codes or ())
    if feature.type == "String":
        codes = [str(code) for code in codes]
    return {"name": name, "type": feature.type, "codes": codes, "nullable": nullable}
