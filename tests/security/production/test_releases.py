"""No duty alone gets an artifact into an account: who deploys reads only what another duty tagged.

The tries of a deployer alone, of every other duty at the tags and at the bucket's policy, and of a
releaser alone.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from causeway.errors import ApprovalRefused, CausewayError
from causeway.topology.account_roles import AccountRole
from causeway.topology.connections import connections
from causeway.versions.registry import RELEASES
from tests.local_platform import LocalPlatform
from tests.localaws.waiting import eventually
from tests.plugins.candidates import deploy, register, run_of, sync
from tests.plugins.conftest import context, execute
from tests.refusals import refused, refused_saying

pytestmark = pytest.mark.usefixtures("own_endpoints")

APPROVED = {"TagSet": [{"Key": tag, "Value": "true"} for tag in sorted(RELEASES.values())]}


@pytest.fixture
def registered(shared: LocalPlatform, request: pytest.FixtureRequest) -> str:
    """A version that nobody decided on; its promotion waits."""
    version: str = register(request.node.name).perform(context())["version_arn"]
    sync()
    return version


def as_duty(connection: str, service: str) -> Any:
    """Return the client that an Airflow task of a duty has."""
    from airflow.providers.amazon.aws.hooks.base_aws import AwsBaseHook

    return AwsBaseHook(aws_conn_id=connection, client_type=service).get_conn()


def artifact(platform: LocalPlatform, version: str) -> dict[str, str]:
    """Return bucket and key of a version's artifact."""
    registry = platform.client("sagemaker", "shared_services")
    described = registry.describe_model_package(ModelPackageName=version)
    url = described["InferenceSpecification"]["Containers"][0]["ModelDataUrl"]
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return {"Bucket": bucket, "Key": key}


def tags(platform: LocalPlatform, where: dict[str, str]) -> dict[str, str]:
    reply = platform.client("s3", "shared_services").get_object_tagging(**where)
    return {tag["Key"]: tag["Value"] for tag in reply["TagSet"]}


def model(platform: LocalPlatform, role: str, version: str, name: str) -> dict[str, Any]:
    """Return the request for a model of a version's artifact, past the registry."""
    registry = platform.client("sagemaker", "shared_services")
    described = registry.describe_model_package(ModelPackageName=version)
    container = described["InferenceSpecification"]["Containers"][0]
    members = ("Image", "ModelDataUrl", "Environment")
    return {
        "ModelName": name,
        "PrimaryContainer": {member: container[member] for member in members},
        "ExecutionRoleArn": f"arn:aws:iam::{platform.accounts[role]['id']}:role/"
        "causeway-serving-execution",
    }


def not_denied(tries: dict[str, Callable[[], Any]]) -> Iterator[str]:
    """Yield the tries that were not denied."""
    for name, attempt in tries.items():
        try:
            attempt()
        except ClientError as error:
            if error.response["Error"]["Code"] in ("AccessDenied", "AccessDeniedException"):
                continue
        yield name


# --------------------------------------------------------------- the deployer alone
@pytest.mark.parametrize("role", ["test", "prod"])
def test_a_deployer_makes_no_model_of_an_artifact_that_was_not_released(
    shared: LocalPlatform, registered: str, role: str
) -> None:
    deployer = as_duty(f"causeway_{role}_deployer", "sagemaker")
    request = model(shared, role, registered, "past-everybody-000000000000-000000")
    refused_saying(
        "ValidationException", "Could not access model data", deployer.create_model, **request
    )
    where = artifact(shared, registered)
    s3 = as_duty(f"causeway_{role}_deployer", "s3")
    refused("AccessDenied", s3.get_object, **where)
    version = shared.client("s3", "shared_services").head_object(**where)["VersionId"]
    refused("AccessDenied", s3.get_object, **where, VersionId=version)


def test_what_was_released_for_test_is_not_released_for_production(
    shared: LocalPlatform, approved: str
) -> None:
    execute(deploy(approved), run_of(approved))
    assert tags(shared, artifact(shared, approved)) == {"causeway-approved-test": "true"}
    deployer = as_duty("causeway_prod_deployer", "sagemaker")
    refused_saying(
        "ValidationException",
        "Could not access model data",
        deployer.create_model,
        **model(shared, "prod", approved, "past-production-000000000000-000000"),
    )


def test_an_artifact_put_in_the_place_of_a_released_one_is_not_loaded(
    shared: LocalPlatform, approved: str
) -> None:
    execute(deploy(approved), run_of(approved))
    owner, where = shared.client("s3", "shared_services"), artifact(shared, approved)
    released = owner.head_object(**where)["VersionId"]
    owner.delete_object(**where)  # an administrator of the account may, no duty
    other = owner.put_object(**where, Body=b"another archive", IfNoneMatch="*")["VersionId"]
    try:
        sagemaker = as_duty("causeway_test_deployer", "sagemaker")
        config = sagemaker.describe_endpoint(EndpointName="credit-risk")["EndpointConfigName"]
        sagemaker.create_endpoint(EndpointName="replaced", EndpointConfigName=config)

        def failed() -> Any:
            described = sagemaker.describe_endpoint(EndpointName="replaced")
            return described if described["EndpointStatus"] != "Creating" else None

        described = eventually(failed, 60)
        assert described["EndpointStatus"] == "Failed"
        assert "AccessDenied" in described["FailureReason"]
        with pytest.raises(ApprovalRefused, match="may not enter test"):
            deploy(approved).perform(run_of(approved))
        assert tags(shared, where) == {}
    finally:
        with contextlib.suppress(ClientError):
            sagemaker.delete_endpoint(EndpointName="replaced")
        owner.delete_object(**where, VersionId=other)
        for marker in owner.list_object_versions(Bucket=where["Bucket"], Prefix=where["Key"])[
            "DeleteMarkers"
        ]:
            owner.delete_object(**where, VersionId=marker["VersionId"])
    assert owner.head_object(**where)["VersionId"] == released


def test_a_deployer_configures_endpoints_of_own_models_only(
    shared: LocalPlatform, approved: str
) -> None:
    execute(deploy(approved), run_of(approved))
    request = model(shared, "test", approved, "of-somebody-else")
    shared.client("sagemaker", "test").create_model(**request)
    variant = {"VariantName": "all", "InstanceType": "ml.m5.large", "InitialInstanceCount": 1}
    refused(
        "AccessDeniedException",
        as_duty("causeway_test_deployer", "sagemaker").create_endpoint_config,
        EndpointConfigName="of-somebody-else",
        ProductionVariants=[{**variant, "ModelName": "of-somebody-else"}],
    )


# --------------------------------------------------------------- every duty at the tags
def test_nobody_but_the_releaser_tags_or_untags_an_artifact(
    shared: LocalPlatform, approved: str
) -> None:
    execute(deploy(approved), run_of(approved))
    where = artifact(shared, approved)
    owner = shared.client("s3", "shared_services")
    of_version = {**where, "VersionId": owner.head_object(**where)["VersionId"]}
    new = {**where, "Key": where["Key"].replace("model.tar.gz", "new/model.tar.gz")}
    text = "causeway-approved-production=true"

    def tries(s3: Any) -> dict[str, Callable[[], Any]]:
        once = {"IfNoneMatch": "*"}
        return {
            "tag": lambda: s3.put_object_tagging(**where, Tagging=APPROVED),
            "tag the version": lambda: s3.put_object_tagging(**of_version, Tagging=APPROVED),
            "untag": lambda: s3.delete_object_tagging(**where),
            "untag the version": lambda: s3.delete_object_tagging(**of_version),
            "upload": lambda: s3.put_object(**new, **once, Body=b"x", Tagging=text),
            "upload in parts": lambda: s3.create_multipart_upload(**new, Tagging=text),
            "copy": lambda: s3.copy_object(**new, **once, CopySource=where),
            "copy with tags": lambda: s3.copy_object(
                **new, **once, CopySource=where, TaggingDirective="REPLACE", Tagging=text
            ),
        }

    from causeway_airflow.configuration import topology

    others = [c.conn_id for c in connections(topology()) if c.duty != "releaser"]
    clients = {name: as_duty(name, "s3") for name in others}
    clients |= {
        f"administrator of {role}": shared.client("s3", role)
        for role in ("shared_services", "data_science", "prod")
    }
    succeeded = {
        f"{who}: {what}" for who, client in clients.items() for what in not_denied(tries(client))
    }
    assert succeeded == set()
    assert tags(shared, where) == {"causeway-approved-test": "true"}


# --------------------------------------------------------------- the releaser alone
def test_a_releaser_alone_sets_the_two_tags_of_artifacts_and_nothing_else(
    shared: LocalPlatform, registered: str
) -> None:
    where = artifact(shared, registered)
    owner = shared.client("s3", "shared_services")
    version = owner.head_object(**where)["VersionId"]
    s3 = as_duty("causeway_shared_services_releaser", "s3")

    def put(tag_set: list[dict[str, str]], **more: str) -> Callable[[], Any]:
        place = {**where, "VersionId": version, **more}
        return lambda: s3.put_object_tagging(**place, Tagging={"TagSet": tag_set})

    report = owner.list_objects_v2(
        Bucket=where["Bucket"], Prefix=where["Key"].replace("model.tar.gz", "gate-reports/")
    )["Contents"][0]["Key"]
    other = owner.head_object(Bucket=where["Bucket"], Key=report)["VersionId"]
    approved = APPROVED["TagSet"]
    assert (
        set(
            not_denied(
                {
                    "other tags": put([*approved, {"Key": "other", "Value": "true"}]),
                    "other value": put([{"Key": "causeway-approved-test", "Value": "maybe"}]),
                    "no tags": put([]),
                    "other object": put(approved, Key=report, VersionId=other),
                    "untag": lambda: s3.delete_object_tagging(**where, VersionId=version),
                    "write": lambda: s3.put_object(**where, Body=b"x", IfNoneMatch="*"),
                    "delete": lambda: s3.delete_object(**where),
                }
            )
        )
        == set()
    )
    sagemaker = as_duty("causeway_shared_services_releaser", "sagemaker")
    request = model(shared, "prod", registered, "released-000000000000-000000")
    refused("AccessDeniedException", sagemaker.create_model, **request)


def test_without_a_decision_nothing_is_released(shared: LocalPlatform, registered: str) -> None:
    where = artifact(shared, registered)
    with pytest.raises(CausewayError, match=registered):
        deploy(registered).perform(run_of(registered))
    assert tags(shared, where) == {}
    shared.stranger("model-owner").update_model_package(
        ModelPackageArn=registered, ModelApprovalStatus="Approved"
    )
    with pytest.raises(CausewayError):
        deploy(registered).perform(run_of(registered))
    assert tags(shared, where) == {}


# --------------------------------------------------------------- the guards of the bucket
def test_no_duty_rewrites_the_guards_of_the_artifacts(shared: LocalPlatform) -> None:
    from causeway_airflow.configuration import topology

    bucket = topology().bucket(AccountRole.SHARED_SERVICES)
    owner = shared.client("s3", "shared_services")
    policy = owner.get_bucket_policy(Bucket=bucket)["Policy"]
    key = shared.client("kms", "shared_services").describe_key(
        KeyId="alias/causeway-shared-services"
    )["KeyMetadata"]["Arn"]

    def tries(connection: str) -> dict[str, Callable[[], Any]]:
        s3, kms = as_duty(connection, "s3"), as_duty(connection, "kms")
        suspended = {"Status": "Suspended"}
        return {
            "policy": lambda: s3.put_bucket_policy(Bucket=bucket, Policy=policy),
            "no policy": lambda: s3.delete_bucket_policy(Bucket=bucket),
            "versioning": lambda: s3.put_bucket_versioning(
                Bucket=bucket, VersioningConfiguration=suspended
            ),
            "ownership": lambda: s3.delete_bucket_ownership_controls(Bucket=bucket),
            "public access": lambda: s3.delete_public_access_block(Bucket=bucket),
            "lifecycle": lambda: s3.delete_bucket_lifecycle(Bucket=bucket),
            "key policy": lambda: kms.put_key_policy(KeyId=key, PolicyName="default", Policy="{}"),
            "key": lambda: kms.disable_key(KeyId=key),
        }

    succeeded = {
        f"{c.conn_id}: {what}"
        for c in connections(topology())
        for what in not_denied(tries(c.conn_id))
    }
    assert succeeded == set()
    assert owner.get_bucket_policy(Bucket=bucket)["Policy"] == policy
