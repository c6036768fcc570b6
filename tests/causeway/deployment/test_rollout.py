import botocore.session
import pytest
from botocore.validate import ParamValidator

from causeway.deployment import rollout
from causeway.deployment.leases import Live
from causeway.deployment.rollout import Start, Target
from causeway.errors import DeploymentFailed, Superseded
from causeway.statuses import TABLES, Meaning
from causeway.topology.accounts import AccountRole

SERVICE = botocore.session.get_session().get_service_model("sagemaker")
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
    names = rollout.target_of(model, make_version(3).arn, "a" * 64)
    assert names.endpoint == "credit-risk"
    assert names.endpoint_config == names.model_name == "credit-risk-v3-aaaaaaaaaaaa"
    assert names != rollout.target_of(model, make_version(3).arn, "c" * 64)
    long = model.model_copy(update={"name": "m" * 80})
    assert len(rollout.target_of(long, make_version(3).arn, "a" * 64).model_name) <= 63


def test_requests_are_ones_that_the_service_takes(model, make_version, topology) -> None:
    version = make_version()
    names = rollout.target_of(model, version.arn, "a" * 64)
    for operation, request in (
        (
            "CreateModel",
            rollout.create_model_request(names, version, AccountRole.PROD, topology),
        ),
        ("CreateEndpointConfig", rollout.endpoint_config_request(names, version.arn, model)),
    ):
        shape = SERVICE.operation_model(operation).input_shape
        assert not ParamValidator().validate(request, shape).has_errors()


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
