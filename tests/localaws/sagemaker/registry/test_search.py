"""Search over versions and groups: filters, order, pages, and other accounts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.localaws.conftest import Aws
from tests.localaws.sharing import GROUP_REGISTER, share
from tests.localaws.versions import (
    BASE,
    GROUP_ARN,
    OWNER,
    TRAINER,
    register,
)
from tests.refusals import refused, refused_saying


def versions_by(client: Any, *filters: tuple[str, str, str | None], **extra: Any) -> list[int]:
    expression = {
        "Filters": [
            {"Name": name, "Operator": operator, **({"Value": value} if value else {})}
            for name, operator, value in filters
        ]
    }
    reply = client.search(Resource="ModelPackage", SearchExpression=expression, **extra)
    return [result["ModelPackage"]["ModelPackageVersion"] for result in reply["Results"]]


@pytest.fixture
def three(aws: Aws, owner: Any) -> Any:
    for number in range(3):
        register(owner, CustomerMetadataProperties={"use-case": f"u{number}"})
        aws.advance(60)
    owner.update_model_package(
        ModelPackageArn=f"{BASE}:model-package/credit-risk/1",
        ModelApprovalStatus="Approved",
        ModelLifeCycle={"Stage": "Production", "StageStatus": "Approved"},
    )
    return owner


def test_search_returns_full_records_last_modified_first(three: Any) -> None:
    assert versions_by(three, ("ModelPackageGroupName", "Equals", "credit-risk")) == [1, 3, 2]
    reply = three.search(Resource="ModelPackage", MaxResults=1)
    record = reply["Results"][0]["ModelPackage"]
    assert record["LastModifiedBy"]["IamIdentity"]
    assert record["ModelLifeCycle"]["Stage"] == "Production"
    assert record["CustomerMetadataProperties"] == {"use-case": "u0"}
    assert reply["TotalHits"]["Value"] == 3


@pytest.mark.parametrize(
    ("filters", "versions"),
    [
        ([("ModelApprovalStatus", "Equals", "Approved")], [1]),
        ([("ModelApprovalStatus", "NotEquals", "Approved")], [3, 2]),
        ([("ModelPackageVersion", "In", "1,3")], [1, 3]),
        ([("ModelPackageVersion", "GreaterThan", "1")], [3, 2]),
        ([("ModelPackageVersion", "LessThanOrEqualTo", "2")], [1, 2]),
        ([("ModelPackageGroupName", "Contains", "dit-r")], [1, 3, 2]),
        ([("ModelLifeCycle.Stage", "Exists", None)], [1]),
        ([("ModelLifeCycle.Stage", "NotExists", None)], [3, 2]),
        ([("CustomerMetadataProperties.use-case", "Equals", "u2")], [3]),
        (
            [
                ("ModelPackageVersion", "GreaterThan", "1"),
                ("CustomerMetadataProperties.use-case", "Equals", "u0"),
            ],
            [],
        ),
        ([("LastModifiedTime", "LessThan", "2020-01-01T00:00:00Z")], []),
    ],
)
def test_search_filters(three: Any, filters: Any, versions: list[int]) -> None:
    assert versions_by(three, *filters) == versions


def test_search_nests_and_or(three: Any) -> None:
    def version(number: str) -> dict[str, Any]:
        return {"Filters": [{"Name": "ModelPackageVersion", "Operator": "Equals", "Value": number}]}

    expression = {
        "SubExpressions": [
            {"Operator": "Or", "SubExpressions": [version("1"), version("2")]},
            {"Filters": [{"Name": "ModelApprovalStatus", "Value": "Approved"}]},
        ]
    }
    reply = three.search(Resource="ModelPackage", SearchExpression=expression)
    assert [result["ModelPackage"]["ModelPackageVersion"] for result in reply["Results"]] == [1]


def test_search_sorts_and_pages(three: Any) -> None:
    pages = three.get_paginator("search").paginate(
        Resource="ModelPackage",
        SortBy="CreationTime",
        SortOrder="Ascending",
        PaginationConfig={"PageSize": 1},
    )
    records = [result["ModelPackage"] for page in pages for result in page["Results"]]
    assert [record["ModelPackageVersion"] for record in records] == [1, 2, 3]


def test_search_names_what_it_cannot_do(three: Any) -> None:
    expression = {"Filters": [{"Name": "ApprovalStatus", "Value": "Approved"}]}
    refusal = refused(
        "ValidationException", three.search, Resource="ModelPackage", SearchExpression=expression
    )
    assert "ApprovalStatus" in refusal.message
    refused_saying("UnsupportedOperation", "Pipeline", three.search, Resource="Pipeline")


def test_search_crosses_accounts_only_where_shared(aws: Aws, three: Any, trainer: Any) -> None:
    across = {"CrossAccountFilterOption": "CrossAccount"}
    assert versions_by(trainer, ("ModelPackageVersion", "Exists", None), **across) == []
    share(aws, OWNER, TRAINER, GROUP_ARN, GROUP_REGISTER)
    assert versions_by(trainer, ("ModelPackageVersion", "Exists", None), **across) == [1, 3, 2]
    assert versions_by(three, ("ModelPackageVersion", "Exists", None), **across) == []


def test_groups_are_searched_by_tag(owner: Any) -> None:
    expression = {"Filters": [{"Name": "Tags.team", "Operator": "Equals", "Value": "risk"}]}
    reply = owner.search(Resource="ModelPackageGroup", SearchExpression=expression)
    (result,) = reply["Results"]
    assert result["ModelPackageGroup"]["ModelPackageGroupArn"] == GROUP_ARN
