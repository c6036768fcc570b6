"""Lake Formation: tables left to IAM, tables that ask for a grant, and who sees the grants."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.lakeformation.lake import IAM_ALONE
from tests.accounts import ACCOUNTS
from tests.localaws.catalogue import LOANS, START, TABLE, policy
from tests.localaws.conftest import Aws
from tests.localaws.features import CONSUMER, OWNER
from tests.localaws.shapes import checked
from tests.refusals import refused

ONE_TABLE = {"Table": {"DatabaseName": "lake", "Name": "loans"}}
EVERY_TABLE = {"Table": {"DatabaseName": "lake", "TableWildcard": {}}}
CONSUMERS = f"{ACCOUNTS[CONSUMER]}:IAMPrincipals"


@pytest.fixture
def lake(aws: Aws) -> Any:
    """Lake Formation of an owner whose catalogue's policy opens a table to the consumer."""
    glue = aws.client("glue", OWNER)
    glue.create_database(DatabaseInput={"Name": "lake"})
    glue.create_table(DatabaseName="lake", TableInput=TABLE)
    glue.put_resource_policy(PolicyInJson=policy(f"{START}:*"))
    return checked(aws.client("lakeformation", OWNER))


def to(principal: str, *permissions: str, on: dict[str, Any] = ONE_TABLE) -> dict[str, Any]:
    named = {"DataLakePrincipalIdentifier": principal}
    return {"Principal": named, "Resource": on, "Permissions": list(permissions)}


def grants_of(client: Any, **filters: Any) -> dict[str, list[str]]:
    listed = client.list_permissions(ResourceType="TABLE", **filters)
    return {
        grant["Principal"]["DataLakePrincipalIdentifier"]: grant["Permissions"]
        for grant in listed["PrincipalResourcePermissions"]
    }


def test_a_table_is_left_to_iam_until_somebody_takes_that_back(aws: Aws, lake: Any) -> None:
    reader = aws.client("glue", CONSUMER)
    assert grants_of(lake)[IAM_ALONE] == ["ALL"]
    reader.get_table(**LOANS)
    lake.revoke_permissions(**to(IAM_ALONE, "ALL"))
    with pytest.raises(ClientError, match=r"Insufficient Lake Formation permission.*Describe on"):
        reader.get_table(**LOANS)
    aws.client("glue", OWNER).get_table(DatabaseName="lake", Name="loans")
    for on in (ONE_TABLE, EVERY_TABLE):
        lake.grant_permissions(**to(CONSUMERS, "SELECT", on=on))
        assert reader.get_table(**LOANS)["Table"]["Name"] == "loans"
        lake.revoke_permissions(**to(CONSUMERS, "SELECT", on=on))
    refused("InvalidInputException", lake.revoke_permissions, **to(CONSUMERS, "SELECT"))


def test_a_list_shows_what_its_caller_has_and_read_only_administrators_all(
    aws: Aws, lake: Any
) -> None:
    lake.revoke_permissions(**to(IAM_ALONE, "ALL"))
    lake.grant_permissions(**to(CONSUMERS, "SELECT"))
    reader = aws.client("lakeformation", CONSUMER)
    assert grants_of(reader, CatalogId=ACCOUNTS[OWNER]) == {CONSUMERS: ["SELECT"]}
    role = aws.role(OWNER, "auditor")
    looking = aws.assume(OWNER, "auditor").client("lakeformation")
    assert grants_of(looking) == {}
    with pytest.raises(ClientError, match="does not administer the lake"):
        looking.grant_permissions(**to(role, "SELECT"))
    only_reads = {"ReadOnlyAdmins": [{"DataLakePrincipalIdentifier": role}]}
    lake.put_data_lake_settings(DataLakeSettings=only_reads)
    assert grants_of(looking)[CONSUMERS] == ["SELECT"]
    assert looking.get_data_lake_settings()["DataLakeSettings"]["ReadOnlyAdmins"]


def test_a_new_table_gets_what_the_settings_say_and_loses_it_when_it_is_deleted(
    aws: Aws, lake: Any
) -> None:
    glue = aws.client("glue", OWNER)
    glue.delete_table(DatabaseName="lake", Name="loans")
    assert grants_of(lake) == {}
    lake.put_data_lake_settings(DataLakeSettings={})
    glue.create_table(DatabaseName="lake", TableInput=TABLE)
    assert IAM_ALONE not in grants_of(lake)
    with pytest.raises(ClientError, match="Insufficient Lake Formation"):
        aws.client("glue", CONSUMER).get_table(**LOANS)


def test_what_would_have_no_effect_is_refused(lake: Any) -> None:
    refused("UnsupportedOperation", lake.grant_permissions, **to(ACCOUNTS[CONSUMER], "SELECT"))
    database = {"Database": {"Name": "lake"}}
    refused("UnsupportedOperation", lake.grant_permissions, **to(CONSUMERS, "ALL", on=database))
    refused("InvalidInputException", lake.grant_permissions, **to(CONSUMERS, "CREATE_TABLE"))
