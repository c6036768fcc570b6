import re

import botocore.session
import pytest
from botocore.validate import ParamValidator

from causeway.deployment import rollout
from causeway.deployment.leases import Live
from causeway.deployment.rollout import Start, Target
from causeway.errors import ConfigError, DeploymentFailed, Superseded
from causeway.statuses import TABLES, Meaning
from causeway.topology.account_roles import AccountRole
from causeway.topology.compute import Compute
from causeway.use_cases.resource_specs import Deployment, Serverless

SERVICE = botocore.session.get_session().get_service_model("sagemaker")
COMPUTE = Compute(
    subnets=["subnet-0123456789abcdef0"],
    security_groups=["sg-0123456789abcdef0"],
    isolation=True,
    volume_key="arn:aws:kms:eu-central-1:666666666666:key/11111111-2222-3333-4444-555555555555",
)
SERVERLESS = Deployment(serverless=Serverless(memory_mb=2048, max_concurrency=5))
TARGET = Target("credit-risk", "new", "new", "a" * 64)


@pytest.mark.parametrize("status", [*TABLES["EndpointStatus"], "Dreaming"])
@pytest.mark.parametrize("config", ["new", "old", None])
@pytest.mark.parametrize("digest", ["a" * 64, "c" * 64, None])
def test_only_in_service_with_config_and_digest_is_success(status, config, digest) -> None:
    judgement = rollout.judge_endpoint(
        TARGET, status=status, endpoint_config=config, artifact_sha256=digest
    )
    success = (status, config, digest) == ("InService", "new", "a" * 64)
    assert (judgement.verdict is Meaning.SUCCESS) is success
    if status in ("Creating", "Updating", "SystemUpdating", "RollingBack"):
        assert judgement.verdict is Meaning.WAITING
    elif not success:
        assert judgement.verdict is Meaning.FAILURE
        with pytest.raises(DeploymentFailed):
            rollout.require_success(TARGET, judgement, reason="why")


def test_in_service_on_the_old_config_is_called_a_rollback() -> None:
    judgement = rollout.judge_endpoint(
        TARGET, status="InService", endpoint_config="old", artifact_sha256="a" * 64
    )
    assert "rolled back" in judgement.reason


@pytest.mark.parametrize(
    ("status", "config", "start"),
    [
        (None, None, Start.CREATE),
        ("InService", "old", Start.UPDATE),
        ("InService", "new", Start.ADOPT),
        ("Creating", "new", Start.ADOPT),
        ("Updating", "new", Start.ADOPT),
        ("Updating", "old", Start.WAIT),
        ("SystemUpdating", "new", Start.WAIT),
        ("RollingBack", "new", Start.WAIT),
        ("Deleting", "new", Start.WHEN_GONE),
        ("Failed", "new", Start.REPLACE),
        ("OutOfService", "new", Start.REPLACE),
    ],
)
def test_a_deployment_starts_from_what_is_there(status, config, start) -> None:
    assert rollout.how_to_start(TARGET, status=status, endpoint_config=config) is start


@pytest.mark.parametrize("status", ["UpdateRollbackFailed", "Dreaming"])
def test_no_deployment_starts_from_a_broken_or_unknown_endpoint(status) -> None:
    with pytest.raises(DeploymentFailed, match=status):
        rollout.how_to_start(TARGET, status=status, endpoint_config="new")


def test_names_are_the_same_for_the_same_version_and_artifact(model, make_version) -> None:
    names = rollout.target_of(model, make_version(3).arn, "a" * 64, Compute())
    assert names.endpoint == "credit-risk"
    assert names.endpoint_config == names.model_name
    assert re.fullmatch("credit-risk-v3-aaaaaaaaaaaa-[0-9a-f]{6}", names.model_name)
    assert names == rollout.target_of(model, make_version(3).arn, "a" * 64, Compute())
    assert names != rollout.target_of(model, make_version(3).arn, "c" * 64, Compute())
    long = model.model_copy(update={"name": "m" * 80})
    assert len(rollout.target_of(long, make_version(3).arn, "a" * 64, Compute()).model_name) <= 63


def test_requests_are_ones_that_the_service_takes(model, make_version, topology) -> None:
    version = make_version()
    names = rollout.target_of(model, version.arn, "a" * 64, COMPUTE)
    for operation, request in (
        (
            "CreateModel",
            rollout.create_model_request(names, version, AccountRole.PROD, topology),
        ),
        (
            "CreateEndpointConfig",
            rollout.endpoint_config_request(names, version.arn, model, COMPUTE),
        ),
    ):
        shape = SERVICE.operation_model(operation).input_shape
        assert not ParamValidator().validate(request, shape).has_errors()


def test_what_a_model_runs_on_makes_other_names(model, make_version) -> None:
    version, larger = make_version(3).arn, Deployment(instance_type="ml.m5.large", count=2)
    remaining = model.deployment.model_copy(update={"keep_test_endpoint": True})
    names = [
        rollout.target_of(
            model.model_copy(update={"deployment": deployment}), version, "a" * 64, compute
        )
        for deployment, compute in (
            (model.deployment, Compute()),
            (remaining, Compute()),
            (larger, Compute()),
            (SERVERLESS, Compute()),
            (model.deployment, COMPUTE),
        )
    ]
    assert names[0] == names[1]
    assert len({name.endpoint_config for name in names}) == 4
    assert {name.endpoint for name in names} == {"credit-risk"}


def test_an_endpoint_runs_in_the_accounts_network_under_its_key(
    model, make_version, topology
) -> None:
    version = make_version()
    isolated = topology.model_copy(update={"compute": {"prod": COMPUTE}})
    names = rollout.target_of(model, version.arn, "a" * 64, COMPUTE)
    request = rollout.create_model_request(names, version, AccountRole.PROD, isolated)
    assert {name: request[name] for name in COMPUTE.network} == COMPUTE.network
    config = rollout.endpoint_config_request(names, version.arn, model, COMPUTE)
    assert config["KmsKeyId"] == COMPUTE.volume_key
    elsewhere = rollout.create_model_request(names, version, AccountRole.TEST, isolated)
    assert not COMPUTE.network.keys() & elsewhere.keys()


def test_a_serverless_endpoint_has_no_instances_and_no_network_of_its_own(
    model, make_version
) -> None:
    version = make_version()
    model = model.model_copy(update={"deployment": SERVERLESS})
    keyed = Compute(volume_key=COMPUTE.volume_key)
    names = rollout.target_of(model, version.arn, "a" * 64, keyed)
    config = rollout.endpoint_config_request(names, version.arn, model, keyed)
    [variant] = config["ProductionVariants"]
    assert variant["ServerlessConfig"] == {"MemorySizeInMB": 2048, "MaxConcurrency": 5}
    assert "InstanceType" not in variant
    assert "KmsKeyId" not in config
    with pytest.raises(ConfigError, match=r"deployment\.serverless, but compute"):
        rollout.endpoint_config_request(names, version.arn, model, COMPUTE)


def live(make_version, number, now) -> Live:
    return Live(AccountRole.PROD, "m", make_version(number).arn, "a", "e", "c", "r", 1, now)


def test_an_older_version_gives_way_to_a_newer_one(make_version, now) -> None:
    with pytest.raises(Superseded, match="version 2 is newer"):
        rollout.check_not_superseded(make_version(1).arn, live(make_version, 2, now))
    with pytest.raises(Superseded, match="version 3 is newer"):
        rollout.check_not_superseded(make_version(1).arn, None, [make_version(3).arn])


def test_a_newer_version_and_the_same_one_go_on(make_version, now) -> None:
    for number in (2, 3):
        rollout.check_not_superseded(
            make_version(number).arn, live(make_version, 2, now), [make_version(1).arn]
        )
    rollout.check_not_superseded(make_version(1).arn, None)
