"""Glue: the partitions of a table, each with its values and its folder.

A filter (`Expression` of GetPartitions) compares partition keys with literals by `=`, `<>`, `<`,
`<=`, `>`, `>=` and `IN`, joined by `AND`. Others are refused. Source: Glue API Reference,
GetPartitions.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

from localaws.glue.catalog import GLUE, Catalog, catalog_id, missing, only, refused
from localaws.kit.service import Call, Service, ServiceError
from localaws.lakeformation.lake import require

glue = Service.named("glue")
DEFINITION = {"Values", "StorageDescriptor", "Parameters", "LastAccessTime", "LastAnalyzedTime"}
PLACE = {"CatalogId", "DatabaseName", "TableName"}
ALTERNATIVES = re.compile(r"\s*\(?\s*[`\"]?(\w+)[`\"]?\s+in\s*\(([^()]*)\)\s*\)?\s*", re.IGNORECASE)
COMPARISON = re.compile(
    r"\s*\(?\s*[`\"]?(\w+)[`\"]?\s*(=|<>|!=|<=|>=|<|>)\s*('[^']*'|[\w.-]+)\s*\)?\s*"
)
OPERATORS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
NUMBERS = {"int", "bigint", "smallint", "tinyint", "double", "float"}
Partitions = dict[tuple[str, ...], dict[str, Any]]


@glue.operation("CreatePartition")
def create_partition(call: Call) -> dict[str, Any]:
    """Add a partition."""
    only(call, call.params, {*PLACE, "PartitionInput"})
    _add(call, call.params["PartitionInput"])
    return {}


@glue.operation("BatchCreatePartition")
def batch_create_partition(call: Call) -> dict[str, Any]:
    """Add partitions; each that cannot be added has an error of its own."""
    only(call, call.params, {*PLACE, "PartitionInputList"})
    errors = []
    _table(call)
    for definition in call.params["PartitionInputList"]:
        try:
            _add(call, definition)
        except ServiceError as error:
            errors.append(_failure(definition.get("Values", []), error))
    return {"Errors": errors}


@glue.operation("GetPartition")
def get_partition(call: Call) -> dict[str, Any]:
    """Describe a partition by its values."""
    only(call, call.params, {*PLACE, "PartitionValues"})
    _readable(call)
    return {"Partition": _partition(call, call.params["PartitionValues"])}


@glue.operation("BatchGetPartition")
def batch_get_partition(call: Call) -> dict[str, Any]:
    """Describe partitions; those that do not exist are left out."""
    only(call, call.params, {*PLACE, "PartitionsToGet"})
    _readable(call)
    partitions = _partitions(call)
    keys = [tuple(value["Values"]) for value in call.params["PartitionsToGet"]]
    return {"Partitions": [partitions[key] for key in keys if key in partitions]}


@glue.operation("GetPartitions")
def get_partitions(call: Call) -> dict[str, Any]:
    """List the partitions of a table that a filter lets through, or a segment of them."""
    allowed = {*PLACE, "Expression", "NextToken", "MaxResults", "ExcludeColumnSchema", "Segment"}
    only(call, call.params, allowed)
    _readable(call)
    matches = _filter(_table(call), call.params.get("Expression") or "")
    partitions = [p for _, p in sorted(_partitions(call).items()) if matches(p["Values"])]
    if segment := call.params.get("Segment"):
        partitions = partitions[segment["SegmentNumber"] :: segment["TotalSegments"]]
    page, rest = GLUE.page(call.params, partitions)
    return {"Partitions": page, **rest}


@glue.operation("UpdatePartition")
def update_partition(call: Call) -> dict[str, Any]:
    """Replace a partition's definition, and its values if they are others."""
    only(call, call.params, {*PLACE, "PartitionValueList", "PartitionInput"})
    before = tuple(call.params["PartitionValueList"])
    _partition(call, before)
    removed = _partitions(call).pop(before)
    try:
        _add(call, {"Values": list(before), **call.params["PartitionInput"]})
    except ServiceError:
        _partitions(call)[before] = removed
        raise
    return {}


@glue.operation("DeletePartition")
def delete_partition(call: Call) -> dict[str, Any]:
    """Remove a partition; the data in S3 is kept."""
    only(call, call.params, {*PLACE, "PartitionValues"})
    values = tuple(call.params["PartitionValues"])
    _partition(call, values)
    del _partitions(call)[values]
    return {}


@glue.operation("BatchDeletePartition")
def batch_delete_partition(call: Call) -> dict[str, Any]:
    """Remove partitions; each that does not exist has an error of its own."""
    only(call, call.params, {*PLACE, "PartitionsToDelete"})
    errors = []
    for value in call.params["PartitionsToDelete"]:
        try:
            _partition(call, value["Values"])
            del _partitions(call)[tuple(value["Values"])]
        except ServiceError as error:
            errors.append(_failure(value["Values"], error))
    return {"Errors": errors}


def _table(call: Call) -> dict[str, Any]:
    return Catalog.of(call).table(call.params["DatabaseName"], call.params["TableName"])


def _partitions(call: Call) -> Partitions:
    _table(call)
    database = Catalog.of(call).database(call.params["DatabaseName"])
    return database.partitions.setdefault(str(call.params["TableName"]).lower(), {})


def _readable(call: Call) -> None:
    table = (call.params["DatabaseName"], call.params["TableName"])
    require(call, call.caller, (catalog_id(call), call.region, *table), "DESCRIBE")


def _partition(call: Call, values: Any) -> dict[str, Any]:
    partition = _partitions(call).get(tuple(values))
    if partition is None:
        raise missing("Cannot find partition.")
    return partition


def _add(call: Call, definition: dict[str, Any]) -> None:
    only(call, definition, DEFINITION)
    table, partitions = _table(call), _partitions(call)
    values = tuple(definition.get("Values") or ())
    if len(values) != len(table.get("PartitionKeys") or ()):
        raise refused("The number of partition keys do not match the number of partition values")
    if values in partitions:
        raise ServiceError("AlreadyExistsException", "Partition already exists.")
    partitions[values] = {
        "StorageDescriptor": table["StorageDescriptor"],
        **definition,
        "DatabaseName": str(call.params["DatabaseName"]).lower(),
        "TableName": table["Name"],
        "CatalogId": catalog_id(call),
        "CreationTime": call.now(),
    }


def _failure(values: Any, error: ServiceError) -> dict[str, Any]:
    detail = {"ErrorCode": error.code, "ErrorMessage": error.message}
    return {"PartitionValues": list(values), "ErrorDetail": detail}


def _filter(table: dict[str, Any], expression: str) -> Callable[[list[str]], bool]:
    keys = {key["Name"]: (i, key["Type"]) for i, key in enumerate(table.get("PartitionKeys") or ())}
    tests: list[tuple[int, str, Callable[[Any, Any], bool], list[str]]] = []
    for part in re.split(r"\band\b", expression, flags=re.IGNORECASE) if expression else ():
        alternatives = ALTERNATIVES.fullmatch(part)
        comparison = COMPARISON.fullmatch(part)
        match = alternatives or comparison
        if match is None or match[1].lower() not in keys:
            raise refused(f"Unsupported expression '{part.strip()}'")
        position, kind = keys[match[1].lower()]
        if alternatives is not None:
            texts = [text.strip() for text in alternatives[2].split(",")]
            tests.append((position, kind, _among, texts))
        elif comparison is not None:
            tests.append((position, kind, OPERATORS[comparison[2]], [comparison[3]]))

    def matches(values: list[str]) -> bool:
        return all(
            test(_typed(values[position], kind), _operand(texts, kind, test))
            for position, kind, test, texts in tests
        )

    return matches


def _among(value: Any, values: Any) -> bool:
    return value in values


def _operand(texts: list[str], kind: str, test: Callable[[Any, Any], bool]) -> Any:
    values = [_typed(text.strip("'"), kind) for text in texts]
    return values if test is _among else values[0]


def _typed(text: str, kind: str) -> Any:
    return float(text) if kind.lower() in NUMBERS else text
