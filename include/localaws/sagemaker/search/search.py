"""SageMaker Search: full records of own resources, or of those that other accounts share.

Each kind of resource registers its records (`searchable`). AWS searches an index that may lag;
these results are always up to date.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from moto.core.utils import get_service_model

from localaws.kit.paging import SAGEMAKER
from localaws.kit.service import Call, Service, ServiceError
from localaws.ram import grants
from localaws.sagemaker.registry.groups import shared_groups
from localaws.sagemaker.registry.store import Group, Record, Registry, snapshot
from localaws.sagemaker.search.expression import matches, properties, sort_key
from localaws.sagemaker.tags import TagStore

sagemaker = Service.named("sagemaker")
Records = Callable[[Call, bool], Iterable[Record]]
_records: dict[str, Records] = {}


def searchable(resource: str) -> Callable[[Records], Records]:
    """Register the function that yields a resource's records; it gets True for CrossAccount."""

    def register(records: Records) -> Records:
        _records[resource] = records
        return records

    return register


@sagemaker.operation("Search")
def search(call: Call) -> dict[str, Any]:
    """Find, sort (by default the last modified first) and page records."""
    params = call.params
    resource = params["Resource"]
    if resource not in _records:
        raise ServiceError(
            "UnsupportedOperation",
            f"sagemaker:Search of {resource} is not served by the local AWS.",
            501,
        )
    sort_by = params.get("SortBy")
    named = properties(params.get("SearchExpression")) | (
        {sort_by.split(".")[0]} if sort_by else set()
    )
    _check_properties(resource, named)
    across = params.get("CrossAccountFilterOption") == "CrossAccount"
    records = [
        record
        for record in _records[resource](call, across)
        if matches(record, params.get("SearchExpression"))
    ]
    records.sort(
        key=lambda record: sort_key(record, sort_by or _modified(record)),
        reverse=params.get("SortOrder", "Descending") == "Descending",
    )
    page, rest = SAGEMAKER.page(params, records)
    return {
        "Results": [{resource: snapshot(record)} for record in page],
        "TotalHits": {"Value": len(records), "Relation": "EqualTo"},
        **rest,
    }


def _modified(record: Record) -> str:
    return "LastModifiedTime" if "LastModifiedTime" in record else "CreationTime"


def _check_properties(resource: str, named: set[str]) -> None:
    record: Any = get_service_model("sagemaker").shape_for("SearchRecord")  # a structure
    shape = record.members[resource]
    if unknown := sorted(named - set(shape.members)):
        raise ServiceError(
            "ValidationException",
            f"{resource} has no property {', '.join(unknown)}; "
            f"its properties are {', '.join(shape.members)}.",
        )


@searchable("ModelPackage")
def model_packages(call: Call, across: bool) -> Iterable[Record]:
    """Yield the packages of own groups, or of the groups shared with this account."""
    if not across:
        for record in call.store(Registry).packages():
            tags = call.store(TagStore).listed(record["ModelPackageArn"])
            yield {**record, "Tags": tags}
        return
    for group in shared_groups(call, "sagemaker:DescribeModelPackage"):
        yield from group.versions.values()


@searchable("ModelPackageGroup")
def model_package_groups(call: Call, across: bool) -> Iterable[Record]:
    """Yield own groups, or those shared with this account (without their tags)."""
    if across:
        yield from map(_record, shared_groups(call, "sagemaker:DescribeModelPackageGroup"))
        return
    for group in call.store(Registry).groups.values():
        yield {**_record(group), "Tags": call.store(TagStore).listed(group.arn)}


def _record(group: Group) -> Record:
    record = group.describe()
    record.pop("ManagedConfiguration", None)  # the search record has no such member
    return record


def discoverable(call: Call) -> list[str]:
    """Return the accounts whose feature group catalog is shared with this one."""
    arns = grants.shared_with(
        call, call.account, call.region, "sagemaker:SagemakerCatalog", "sagemaker:Search"
    )
    return [arn.split(":")[4] for arn in arns]
