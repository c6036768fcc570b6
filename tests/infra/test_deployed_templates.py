"""Every template deployed into the local AWS, once for this module: what stands there then."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.server import Accounts, running
from tests.infra.deploying import RESOURCES, ROLES, TEMPLATE_OF, WITH_RESOURCES, deploy
from tests.infra.linting import findings
from tests.infra.policies import deployed_policies
from tests.localaws.conftest import ACCOUNTS, REGION, Aws


@pytest.fixture(scope="module")
def deployed() -> Iterator[Aws]:
    with running(Accounts(REGION, dict(ACCOUNTS), ACCOUNTS["governance"])) as server:
        aws = Aws(server)
        for role in TEMPLATE_OF:
            deploy(aws, role, ACCOUNTS)
        for role in WITH_RESOURCES:
            deploy(aws, role, ACCOUNTS, RESOURCES)
        yield aws


def test_every_template_deploys_and_again_changes_nothing(deployed: Aws) -> None:
    for role, expected in ROLES.items():
        held = {item["RoleName"] for item in deployed.client("iam", role).list_roles()["Roles"]}
        assert expected <= held
        with pytest.raises(ClientError, match="No updates are to be performed") as error:
            deploy(deployed, role, ACCOUNTS)
        assert error.value.response["Error"]["Code"] == "ValidationError"


@pytest.mark.parametrize("role", ["data", "data_science", "shared_services"])
def test_buckets_are_private_versioned_and_encrypted(deployed: Aws, role: str) -> None:
    s3 = deployed.client("s3", role)
    bucket = f"causeway-{role.replace('_', '-')}-{ACCOUNTS[role]}-eu-central-1"
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    blocks = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
    assert set(blocks.values()) == {True}
    (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
    kms = deployed.client("kms", role)
    alias = f"alias/causeway-{role.replace('_', '-')}"
    key = kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"]
    assert rule["ApplyServerSideEncryptionByDefault"]["KMSMasterKeyID"] == key


def test_a_registry_event_travels_to_the_queue(deployed: Aws) -> None:
    deployed.cloud.emit(
        ACCOUNTS["shared_services"],
        deployed.region,
        "aws.sagemaker",
        "SageMaker Model Package State Change",
        {"ModelPackageGroupName": "credit-risk"},
    )
    sqs = deployed.client("sqs", "governance")
    url = sqs.get_queue_url(QueueName="causeway-registry-events")["QueueUrl"]
    (message,) = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=5)["Messages"]
    assert "credit-risk" in message["Body"]


@pytest.fixture(scope="module")
def sharer(deployed: Aws) -> Callable[[str], Any]:
    """The data account's sharing duty, where nobody outside the topology is let in."""
    role = f"arn:aws:iam::{ACCOUNTS['data']}:role/causeway-data-sharer"
    session = deployed.cloud.credentials.open_session(role, "sharer")
    return lambda service: deployed.cloud.client(service, session, REGION)


def denied(call: Callable[..., Any], **request: Any) -> None:
    with pytest.raises(ClientError) as error:
        call(**request)
    assert error.value.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException")


def test_a_sharer_rewrites_no_policy(deployed: Aws, sharer: Callable[[str], Any]) -> None:
    bucket = f"causeway-data-{ACCOUNTS['data']}-{REGION}"
    policy = sharer("s3").get_bucket_policy(Bucket=bucket)["Policy"]
    denied(sharer("s3").put_bucket_policy, Bucket=bucket, Policy=policy)
    key = sharer("kms").describe_key(KeyId="alias/causeway-data")["KeyMetadata"]["KeyId"]
    policy = sharer("kms").get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    denied(sharer("kms").put_key_policy, KeyId=key, PolicyName="default", Policy=policy)


def test_a_sharer_shares_with_accounts_of_the_topology_only(sharer: Callable[[str], Any]) -> None:
    ram = sharer("ram")
    share = ram.create_resource_share(name="inside", principals=[ACCOUNTS["prod"]])["resourceShare"]
    outsiders = ["777777777777"]
    denied(ram.create_resource_share, name="outside", principals=outsiders)
    denied(ram.create_resource_share, name="both", principals=[ACCOUNTS["test"], *outsiders])
    arn = share["resourceShareArn"]
    denied(ram.associate_resource_share, resourceShareArn=arn, principals=outsiders)
    ram.associate_resource_share(resourceShareArn=arn, principals=[ACCOUNTS["test"]])


def test_parliament_finds_nothing_of_medium_severity_or_above(deployed: Aws) -> None:
    held = deployed_policies(deployed.client, ACCOUNTS, REGION)
    documents = {
        **{f"{arn} {name}": doc for arn, of in held.identity.items() for name, doc in of.items()},
        **{f"trust of {arn}": document for arn, document in held.trust.items()},
        **held.resource,
    }
    assert {name: found for name, doc in documents.items() if (found := findings(doc))} == {}
