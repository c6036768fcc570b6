import pytest

from causeway.errors import SharingError
from causeway.sharing.permissions import (
    RULES,
    Permission,
    PermissionDefinition,
    permission_for,
    permission_of,
)
from causeway.topology.access_rules import GRANTS_OF, Grant, ResourceKind
from tests.causeway.sharing.ram_model import managed

GROUPS, MODELS, CARDS = (
    ResourceKind.FEATURE_GROUPS,
    ResourceKind.MODEL_GROUPS,
    ResourceKind.MODEL_CARDS,
)
OWN = "arn:aws:ram:eu-central-1:111111111111:permission/"
FEATURE = ("DescribeFeatureGroup", "DescribeFeatureMetadata", "BatchGetRecord", "GetRecord")
VERSIONS = ("DescribeModelPackageGroup", "DescribeModelPackage", "ListModelPackages")
READ = managed("FeatureGroupReadOnly", GROUPS, *FEATURE)
WRITE = managed("FeatureGroupReadWrite", GROUPS, *FEATURE, "PutRecord", "DeleteRecord")
REGISTER = managed("Register", MODELS, *VERSIONS, "CreateModelPackage")
DEPLOY = managed("Deploy", MODELS, *VERSIONS, "CreateModel")
EVERYTHING = managed(
    "Everything", MODELS, *VERSIONS, "CreateModel", "CreateModelPackage", "UpdateModelPackage"
)
CARD = managed("Card", CARDS, "DescribeModelCard", "ListModelCardVersions", "UpdateModelCard")
CATALOG = managed("Catalog", ResourceKind.FEATURE_CATALOG, "Search")
LISTED = (EVERYTHING, WRITE, READ, DEPLOY, REGISTER, CARD, CATALOG)


def test_every_grant_that_can_be_declared_has_a_meaning() -> None:
    assert set(RULES) == {(kind, grant) for kind, some in GRANTS_OF.items() for grant in some}


@pytest.mark.parametrize(
    ("kind", "grant", "expected"),
    [
        (GROUPS, Grant.READ, READ),
        (GROUPS, Grant.READ_WRITE, WRITE),
        (MODELS, Grant.REGISTER, REGISTER),
        (MODELS, Grant.DEPLOY, DEPLOY),
        (CARDS, Grant.READ_WRITE, CARD),
        (ResourceKind.FEATURE_CATALOG, Grant.DISCOVER, CATALOG),
    ],
)
def test_the_least_managed_permission_that_fulfils_the_grant_is_taken(
    kind: ResourceKind, grant: Grant, expected: Permission
) -> None:
    assert permission_for(kind, grant, LISTED, OWN) is expected


def test_letter_case_of_types_and_actions_does_not_matter() -> None:
    lower = Permission("a", "n", "sagemaker:featuregroup", READ.actions)
    assert permission_for(GROUPS, Grant.READ, [lower], OWN) is lower


@pytest.mark.parametrize(
    ("kind", "grant", "name"),
    [
        (CARDS, Grant.READ, "causeway-model-cards-read"),
        (CARDS, Grant.EXPORT, "causeway-model-cards-export"),
        (MODELS, Grant.REVIEW, "causeway-model-groups-review"),
        (MODELS, Grant.ADMIN, "causeway-model-groups-admin"),
    ],
)
def test_where_no_managed_permission_is_small_enough_one_of_our_own_is_defined(
    kind: ResourceKind, grant: Grant, name: str
) -> None:
    permission = permission_for(kind, grant, LISTED, OWN)
    assert isinstance(permission, PermissionDefinition)
    assert (permission.name, permission.arn) == (name, f"{OWN}{name}")
    assert {action.lower() for action in permission.actions} == RULES[kind, grant].required


def test_no_permission_that_is_not_for_administrators_could_approve() -> None:
    for kind, grant in RULES:
        permission = permission_for(kind, grant, LISTED, OWN)
        actions = {action.lower() for action in permission.actions}
        assert ("sagemaker:updatemodelpackage" in actions) == (
            (kind, grant) == (MODELS, Grant.ADMIN)
        )


def test_names_of_own_permissions_fit_into_36_characters() -> None:
    names = [
        permission.name
        for kind, grant in RULES
        if not RULES[kind, grant].managed_only
        and isinstance(permission := permission_for(kind, grant, (), OWN), PermissionDefinition)
    ]
    assert len(names) == len(set(names)) == len(RULES) - 1
    assert max(map(len, names)) <= 36


def test_a_permission_of_somebody_else_in_the_account_is_never_taken() -> None:
    theirs = Permission("a", "n", READ.resource_type, READ.actions, managed=False)
    assert isinstance(permission_for(GROUPS, Grant.READ, [theirs], OWN), PermissionDefinition)


def test_a_catalog_gets_its_search_permission_or_none() -> None:
    with pytest.raises(SharingError, match="none of that type"):
        permission_for(ResourceKind.FEATURE_CATALOG, Grant.DISCOVER, (READ,), OWN)


def test_a_permission_is_read_from_its_policy_template() -> None:
    answer = {
        "arn": "a",
        "name": "n",
        "resourceType": "sagemaker:FeatureGroup",
        "version": "12",
        "permissionType": "CUSTOMER_MANAGED",
        "permission": '{"Effect":"Allow","Action":["sagemaker:GetRecord"]}',
    }
    permission = permission_of(answer, ["12", "9"])
    assert permission.actions == {"sagemaker:getrecord"}
    assert (permission.version, permission.managed, permission.versions) == (
        "12",
        False,
        ("9", "12"),
    )
    with pytest.raises(SharingError, match="no readable policy template"):
        permission_of({**answer, "permission": "{}"})
