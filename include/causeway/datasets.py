"""Datasets: from the rows of the shared offline store to one table, ordered and digested.

The offline store keeps every write; what counts is the latest write of each record, and whether
it was a deletion. Tables are Arrow tables; pyarrow is imported inside the functions, because
DAG files import this package when they are parsed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from causeway.config import ModelSpec, UseCase
from causeway.contracts import FeatureGroup
from causeway.documents import canonical_json, sha256
from causeway.errors import BadInput, Problem

if TYPE_CHECKING:
    import pyarrow as pa

_NEXT_STEP = "Run the features DAG again, then look at the offline store of the group."


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


def latest_records(group: FeatureGroup, rows: pa.Table) -> pa.Table:
    """Return the latest state of each record, deleted ones left out, ordered by record id.

    Latest means the greatest (event time, `api_invocation_time`, `write_time`): a late write
    with an older event time is history, not the present.

    Args:
        group: the group whose columns are kept: identifier, time, features, contract types.
        rows: every row of the group's offline store, with the store's own columns.

    Raises:
        BadInput: a column of the group is missing in the store, or a value has another type.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    names = [group.record_identifier, group.event_time, *group.feature_names]
    missing = [name for name in names if name not in rows.column_names]
    if missing:
        raise BadInput(
            f"the offline store of {group.name} lacks {', '.join(missing)}",
            [Problem(None, name, None, "the column is missing") for name in missing],
            next_step=_NEXT_STEP,
        )
    order = [
        name
        for name in (group.event_time, "api_invocation_time", "write_time")
        if name in rows.column_names
    ]
    position = pa.array(range(rows.num_rows), pa.int64())
    ordered = rows.append_column("_position", position).sort_by(
        [(group.record_identifier, "ascending"), *((n, "ascending") for n in order)]
    )
    ids = ordered[group.record_identifier].combine_chunks()
    if len(ids) == 0:
        last = pa.array([], pa.bool_())
    else:
        # A row is the latest of its record when the next row is another record's.
        differs = pc.not_equal(ids.slice(0, len(ids) - 1), ids.slice(1))
        last = pa.concat_arrays([differs, pa.array([True])])
    kept = ordered.filter(last)
    if "is_deleted" in kept.column_names:
        kept = kept.filter(pc.invert(pc.fill_null(kept["is_deleted"], False)))
    return _typed(group, kept.select(names))


def join_groups(case: UseCase, tables: Mapping[str, pa.Table]) -> pa.Table:
    """Join the latest records of all groups on the record id, ordered by it.

    Returns the record id and every feature in the order of the use case, without event times.

    Raises:
        BadInput: a group is missing, or groups hold different records.
    """
    first = case.feature_groups[0]
    missing = [group.name for group in case.feature_groups if group.name not in tables]
    if missing:
        raise BadInput(f"no rows were read of {', '.join(missing)}", next_step=_NEXT_STEP)
    ids = tables[first.name][first.record_identifier].to_pylist()
    if not ids:
        raise BadInput(f"{first.name} holds no records", next_step=_NEXT_STEP)
    joined = tables[first.name].select([first.record_identifier, *first.feature_names])
    for group in case.feature_groups[1:]:
        table = tables[group.name]
        others = table[group.record_identifier].to_pylist()
        if others != ids:  # both are ordered by record id, so equal sets are equal lists
            odd = sorted(set(ids).symmetric_difference(others))
            raise BadInput(
                f"{first.name} and {group.name} hold different records",
                [Problem(None, group.record_identifier, x, "is in one of them") for x in odd[:20]],
                more=max(0, len(odd) - 20),
                next_step=_NEXT_STEP,
            )
        for name in group.feature_names:
            joined = joined.append_column(table.schema.field(name), table[name])
    return joined


def dataset_spec(case: UseCase, table: pa.Table) -> DatasetSpec:
    """Describe a joined dataset; the digest is of names, types and values, not of a file format."""
    return DatasetSpec(
        use_case_id=case.id,
        groups=tuple(group.name for group in case.feature_groups),
        rows=table.num_rows,
        digest=table_digest(table),
    )


def table_digest(table: pa.Table) -> str:
    """Return the SHA-256 of a table's schema and of its values written as CSV."""
    import pyarrow as pa
    import pyarrow.csv as pacsv

    sink = pa.BufferOutputStream()
    pacsv.write_csv(table, sink)
    schema = canonical_json([[field.name, str(field.type)] for field in table.schema])
    return sha256(schema.encode() + b"\n" + sink.getvalue().to_pybytes())


def preprocess_document(case: UseCase, model: ModelSpec) -> dict[str, Any]:
    """Return what the preprocessing job reads: inputs with their codes, label and split.

    `also` are features that the model does not read and the evaluation does.
    """
    training = model.training
    protected = {one.feature for one in model.protected.values()}
    return {
        "record_identifier": case.feature_groups[0].record_identifier,
        "problem_type": model.problem_type,
        "label": training.label,
        "label_scale": training.label_scale,
        "features": [
            {"name": name, "codes": _codes(case.features[name].codes)} for name in training.features
        ],
        "one_hot": list(training.one_hot),
        "also": sorted(protected - set(training.features)),
        "split": training.split.model_dump(),
    }


def evaluation_document(case: UseCase, model: ModelSpec) -> dict[str, Any]:
    """Return what the evaluation job reads: the preprocessing's, and what the gates ask for."""
    return {
        **preprocess_document(case, model),
        "protected": {name: one.model_dump() for name, one in model.protected.items()},
        "repeated_splits": model.training.repeated_splits,
    }


def _codes(codes: Mapping[int | str, str] | None) -> Sequence[int | str]:
    return list(codes or ())


def _typed(group: FeatureGroup, table: pa.Table) -> pa.Table:
    import pyarrow as pa

    types = {"Integral": pa.int64(), "Fractional": pa.float64(), "String": pa.string()}
    wanted = {group.record_identifier: pa.string(), group.event_time: pa.string()}
    wanted |= {feature.name: types[feature.type] for feature in group.features}
    arrays = []
    for name in table.column_names:
        try:
            arrays.append(table[name].combine_chunks().cast(wanted[name]))
        except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
            raise BadInput(
                f"the offline store of {group.name} holds a value of another type",
                [Problem(None, name, None, f"is no {wanted[name]}: {error}")],
                next_step=_NEXT_STEP,
            ) from error
    return pa.table(dict(zip(table.column_names, arrays, strict=True)))
