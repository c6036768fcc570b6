"""Feature groups: from the contract to their requests, records and batches.

Facts (SageMaker service model, Feature Store): at most 25 entries in a `BatchWriteRecord`, which
answers HTTP 200 with `Errors` and `UnprocessedEntries`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from causeway.accounts import AccountRole, Topology
from causeway.config import UseCase
from causeway.contracts import Feature, FeatureGroup
from causeway.errors import BadInput, PartialWrite, Problem, UnexpectedState

#: Entries in one `BatchWriteRecord` call.
BATCH_SIZE: Final = 25

#: Every `FeatureGroupStatus` of the service model, and what a wait makes of it.
GROUP_STATUSES: Final[Mapping[str, str]] = {
    "Creating": "wait",
    "Created": "success",
    "CreateFailed": "failure",
    "Deleting": "failure",
    "DeleteFailed": "failure",
}


@dataclass(frozen=True)
class Record:
    """One record of one feature group: feature names and values as text; empty ones left out."""

    group: str
    record_id: str
    values: tuple[tuple[str, str], ...]

    def as_request(self) -> list[dict[str, str]]:
        """The `Record` of `PutRecord` and `BatchWriteRecord`."""
        return [{"FeatureName": name, "ValueAsString": value} for name, value in self.values]


@dataclass(frozen=True)
class Unwritten:
    """A record that a batch did not keep; `code` None means it was only not processed yet."""

    record: Record
    code: str | None
    message: str = ""


def create_request(
    group: FeatureGroup, case: UseCase, topology: Topology, *, kms_key_id: str | None = None
) -> dict[str, Any]:
    """Build the `CreateFeatureGroup` request: online and offline store in the data account."""
    bucket = topology.bucket(AccountRole.DATA)
    storage: dict[str, Any] = {"S3Uri": f"s3://{bucket}/{offline_prefix(case)}"}
    if kms_key_id:
        storage["KmsKeyId"] = kms_key_id
    return {
        "FeatureGroupName": group.name,
        "RecordIdentifierFeatureName": group.record_identifier,
        "EventTimeFeatureName": group.event_time,
        "FeatureDefinitions": definitions(group),
        "OnlineStoreConfig": {"EnableOnlineStore": True},
        "OfflineStoreConfig": {"S3StorageConfig": storage},
        "RoleArn": topology.role_arn(AccountRole.DATA, "feature-execution"),
        "Description": group.description[:128],
    }


def offline_prefix(case: UseCase) -> str:
    """Return the prefix of the use case's offline store in the data bucket."""
    return f"offline-store/{case.id}"


def raw_key(case: UseCase, digest: str) -> str:
    """Return the key of a raw file in the data bucket: content-addressed."""
    return f"raw/{case.id}/{digest}.csv"


def definitions(group: FeatureGroup) -> list[dict[str, str]]:
    """Return the feature definitions: identifier and time as String, then the features."""
    return [
        {"FeatureName": group.record_identifier, "FeatureType": "String"},
        {"FeatureName": group.event_time, "FeatureType": "String"},
        *({"FeatureName": f.name, "FeatureType": f.type} for f in group.features),
    ]


def check_described(group: FeatureGroup, description: Mapping[str, Any]) -> None:
    """Refuse an existing feature group that was made from another contract.

    Features that it has beyond the contract are allowed: a feature group only grows.

    Raises:
        UnexpectedState: naming the differences.
    """
    there = {f["FeatureName"]: f["FeatureType"] for f in description["FeatureDefinitions"]}
    wrong = [
        f"{d['FeatureName']} is {there.get(d['FeatureName'], 'missing')}, not {d['FeatureType']}"
        for d in definitions(group)
        if there.get(d["FeatureName"]) != d["FeatureType"]
    ]
    for key, wanted in (
        ("RecordIdentifierFeatureName", group.record_identifier),
        ("EventTimeFeatureName", group.event_time),
    ):
        if description.get(key) != wanted:
            wrong.append(f"{key} is {description.get(key)}, not {wanted}")
    if wrong:
        raise UnexpectedState(
            f"feature group {group.name} exists with another schema: {'; '.join(wrong)}",
            next_step="Give the changed group a new name in the use case; types never change.",
        )


def contract_document(case: UseCase) -> dict[str, Any]:
    """Return the contract as the JSON that the feature-engineering job reads.

    `groups[].file` names the Parquet file that the job writes for the group; a `normalise`
    carries the declared bounds of its operand.
    """
    data = case.data
    record_id = {"from": data.record_id.source, "format": data.record_id.format}
    if data.record_id.column:
        record_id = {"from": "column", "column": data.record_id.column}
    return {
        "separator": data.format.separator,
        "header": data.format.header,
        "record_id": record_id,
        "event_time": (
            {"fixed": data.event_time.fixed}
            if data.event_time.fixed
            else {"column": data.event_time.column}
        ),
        "columns": list(data.columns),
        "groups": [
            {
                "name": group.name,
                "file": group_file(case, group),
                "record_identifier": group.record_identifier,
                "event_time": group.event_time,
                "features": [_feature_document(case, f) for f in group.features],
            }
            for group in case.feature_groups
        ],
    }


def group_file(case: UseCase, group: FeatureGroup) -> str:
    """Return the group's Parquet file: its name without the use case's, `applicant.parquet`."""
    prefix = case.id.replace("_", "-") + "-"
    return f"{group.name.removeprefix(prefix)}.parquet"


def _feature_document(case: UseCase, feature: Feature) -> dict[str, Any]:
    derive: dict[str, Any] | None = None
    if feature.derive is not None:
        derive = {"op": feature.derive.op, "of": list(feature.derive.of)}
        bounds = case.features[feature.derive.of[0]].range
        if feature.derive.op == "normalise" and bounds is not None:
            derive |= {"min": bounds.min, "max": bounds.max}
    return {
        "name": feature.name,
        "type": feature.type,
        "source": feature.source,
        "derive": derive,
        "codes": list(feature.codes) if feature.codes is not None else None,
        "min": feature.range.min if feature.range else None,
        "max": feature.range.max if feature.range else None,
        "nullable": feature.nullable,
    }


def records_for(group: FeatureGroup, columns: Mapping[str, Sequence[Any]]) -> tuple[Record, ...]:
    """Return the group's records from its engineered columns (`table.to_pydict()` of Arrow).

    Raises:
        BadInput: a column is missing, a record has no id or time, or an id comes twice.
    """
    names = [group.record_identifier, group.event_time, *group.feature_names]
    missing = [name for name in names if name not in columns]
    if missing:
        raise BadInput(
            f"the engineered features of {group.name} lack {', '.join(missing)}",
            [Problem(None, name, None, "the column is missing") for name in missing],
            next_step="Compare the feature-engineering script with the contract.",
        )
    nullable = {f.name for f in group.features if f.nullable}
    records: list[Record] = []
    problems: list[Problem] = []
    seen: set[str] = set()
    for row, values in enumerate(zip(*(columns[name] for name in names), strict=True), start=1):
        record_id = _text(values[0])
        if record_id in seen:
            problems.append(
                Problem(row, group.record_identifier, record_id, "the record id is a duplicate")
            )
        seen.add(record_id)
        pairs = [(name, _text(value)) for name, value in zip(names, values, strict=True)]
        problems += [
            Problem(row, name, None, "is empty, but the feature may not be")
            for name, text in pairs
            if text == "" and name not in nullable
        ]
        kept = tuple((name, text) for name, text in pairs if text != "")
        records.append(Record(group.name, record_id, kept))
    if problems:
        raise BadInput(
            f"the engineered features of {group.name} break the contract",
            problems[:20],
            more=max(0, len(problems) - 20),
            next_step="Mend the feature-engineering script; nothing was written to the group.",
        )
    return tuple(records)


def changed(
    records: Iterable[Record], stored: Mapping[str, Sequence[Mapping[str, Any]]]
) -> tuple[Record, ...]:
    """Return the records that the online store does not hold in this very form.

    `stored` maps record ids to the `Record` list of `BatchGetRecord`; a missing id is new. A
    re-run over the same input thus writes nothing.
    """
    held = {
        record_id: {f["FeatureName"]: f.get("ValueAsString", "") for f in features}
        for record_id, features in stored.items()
    }
    return tuple(record for record in records if held.get(record.record_id) != dict(record.values))


def batches(records: Sequence[Record], size: int = BATCH_SIZE) -> Iterator[tuple[Record, ...]]:
    """Cut the records into batches of at most `size`, in order."""
    for start in range(0, len(records), size):
        yield tuple(records[start : start + size])


def batch_request(batch: Sequence[Record]) -> dict[str, Any]:
    """Build the `BatchWriteRecord` request of one batch."""
    return {"Entries": [{"FeatureGroupName": r.group, "Record": r.as_request()} for r in batch]}


def unwritten(batch: Sequence[Record], response: Mapping[str, Any]) -> tuple[Unwritten, ...]:
    """Read which records of a batch were not kept; HTTP 200 alone says nothing.

    Raises:
        UnexpectedState: the answer names an entry that was not in the batch.
    """
    by_values = {(r.group, r.values): r for r in batch}

    def find(entry: Mapping[str, Any]) -> Record:
        values = tuple((f["FeatureName"], f.get("ValueAsString", "")) for f in entry["Record"])
        record = by_values.get((entry["FeatureGroupName"].rpartition("/")[2], values))
        if record is None:
            raise UnexpectedState(
                f"BatchWriteRecord answers about a record that was not sent: {values}",
                next_step="Compare the group's stored records with the input.",
            )
        return record

    failed = [
        Unwritten(find(error["Entry"]), error.get("ErrorCode"), error.get("ErrorMessage", ""))
        for error in response.get("Errors", ())
    ]
    return (*failed, *(Unwritten(find(e), None) for e in response.get("UnprocessedEntries", ())))


def require_all_written(left: Sequence[Unwritten], total: int) -> None:
    """Raise when records are left over after the last attempt.

    Raises:
        PartialWrite: naming the first of them; writing everything again is safe.
    """
    if left:
        shown = "; ".join(
            f"{u.record.group} {u.record.record_id}: {u.code or 'unprocessed'} {u.message}".strip()
            for u in left[:5]
        )
        raise PartialWrite(
            f"{len(left)} of {total} records were not kept: {shown}",
            next_step="Run the task again; records that are stored already stay as they are.",
        )


def _text(value: Any) -> str:
    if value is None or value != value:  # a NaN differs from itself
        return ""
    return repr(value) if isinstance(value, float) else str(value)
