"""Managed MLflow: who may make a server, and who may log to it through the real plugin."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import boto3
import mlflow
import pytest
import sagemaker_mlflow
from botocore.exceptions import ClientError
from mlflow import MlflowClient
from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException
from mlflow.store.artifact import s3_artifact_repo

from causeway.iam import services
from localaws.sagemaker.mlflow import tracking_actions
from tests.accounts import REGION
from tests.localaws.conftest import Signer
from tests.localaws.sagemaker.work import Workshop
from tests.localaws.waiting import eventually

TRACK = [
    *("CreateExperiment", "GetExperimentByName", "CreateRun", "GetRun", "LogBatch"),
    *("UpdateRun", "SearchRuns"),
]


def statement(arn: str, *actions: str) -> dict[str, Any]:
    allowed = [f"sagemaker-mlflow:{action}" for action in actions]
    return {"Effect": "Allow", "Action": allowed, "Resource": arn}


@pytest.fixture
def environment(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the plugin reads; its session and MLflow's global URI as they were afterwards."""
    monkeypatch.setenv("SAGEMAKER_MLFLOW_CUSTOM_ENDPOINT", workshop.aws.endpoint)
    monkeypatch.setenv("AWS_ENDPOINT_URL", workshop.aws.endpoint)
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    before = mlflow.get_tracking_uri()
    s3_artifact_repo._cached_get_s3_client.cache_clear()  # clients with others' credentials
    yield
    sagemaker_mlflow.set_session(None)
    mlflow.set_tracking_uri(before)


def tracking_as(signer: Signer, arn: str) -> MlflowClient:
    session = boto3.Session(
        signer.key, signer.secret, aws_session_token=signer.token, region_name=REGION
    )
    sagemaker_mlflow.set_session(session)
    mlflow.set_tracking_uri(arn)
    return MlflowClient(tracking_uri=arn)


class Doubled(mlflow.pyfunc.PythonModel):
    """A model without a library."""

    def predict(self, model_input: list[int]) -> list[int]:
        return [2 * value for value in model_input]


def log_a_model(workshop: Workshop, arn: str, run: str, patch: pytest.MonkeyPatch) -> None:
    """Log and load a model as MLflow 3 does; its files are in the server's artifact store."""
    actions = ("LogModel", "*LoggedModel*", "LogOutputs", "LogInputs", "SetTag", "GetMetricHistory")
    allow = [
        statement(arn, *TRACK, *actions),
        {"Effect": "Allow", "Action": "s3:*", "Resource": "*"},
    ]
    workshop.aws.role(workshop.account, "modeller", allow=allow)
    signer = workshop.aws.assume(workshop.account, "modeller")
    tracking_as(signer, arn)
    with patch.context() as environment:
        environment.setenv("AWS_ACCESS_KEY_ID", signer.key)
        environment.setenv("AWS_SECRET_ACCESS_KEY", signer.secret)
        environment.setenv("AWS_SESSION_TOKEN", str(signer.token))
        with mlflow.start_run(run_id=run):
            logged = mlflow.pyfunc.log_model(
                name="doubled", python_model=Doubled(), pip_requirements=[]
            )
        assert logged.model_id
        assert mlflow.pyfunc.load_model(logged.model_uri).predict([2]) == [4]


def status(workshop: Workshop, name: str) -> str:
    description = workshop.sagemaker.describe_mlflow_tracking_server(TrackingServerName=name)
    return str(description["TrackingServerStatus"])


def create(workshop: Workshop, name: str, **more: Any) -> str:
    request = {"ArtifactStoreUri": f"s3://{workshop.bucket}/mlflow", "RoleArn": workshop.role}
    reply = workshop.sagemaker.create_mlflow_tracking_server(
        TrackingServerName=name, **{**request, **more}
    )
    return str(reply["TrackingServerArn"])


def test_every_action_is_reached_by_a_request() -> None:
    reached = {line.split()[2] for line in tracking_actions.ACTIONS.strip().splitlines()}
    actions = services.actions_of("sagemaker-mlflow")
    # The pages are opened by a presigned URL, which the local AWS refuses.
    assert {name.rpartition(":")[2] for name in actions} - reached == {"AccessUI"}
    assert tracking_actions.action_of("POST", "/api/2.0/mlflow/runs/create") == "CreateRun"
    assert tracking_actions.action_of("GET", "/api/2.0/mlflow/runs/create") is None
    assert tracking_actions.action_of("POST", "/api/3.0/mlflow/runs/create") is None


@pytest.mark.parametrize(
    "refused",
    [
        {"AutomaticModelRegistration": True},
        {"ArtifactStoreUri": "https://example.com/store"},
        {"RoleArn": "arn:aws:iam::222222222222:role/nobody"},
        {"RoleArn": "arn:aws:iam::111111111111:role/execution"},
    ],
)
def test_a_server_that_could_not_work_is_refused(
    workshop: Workshop, refused: dict[str, Any]
) -> None:
    with pytest.raises(ClientError):
        create(workshop, "refused", **refused)
    listed = workshop.sagemaker.list_mlflow_tracking_servers()["TrackingServerSummaries"]
    assert "refused" not in [server["TrackingServerName"] for server in listed]


def test_whoever_makes_a_server_must_be_allowed_to_pass_its_role(workshop: Workshop) -> None:
    allow = [{"Effect": "Allow", "Action": "sagemaker:CreateMlflowTrackingServer", "Resource": "*"}]
    workshop.aws.role(workshop.account, "no-pass", allow=allow)
    client = workshop.aws.assume(workshop.account, "no-pass").client("sagemaker")
    with pytest.raises(ClientError, match="iam:PassRole"):
        client.create_mlflow_tracking_server(
            TrackingServerName="unpassed",
            ArtifactStoreUri=f"s3://{workshop.bucket}/mlflow",
            RoleArn=workshop.role,
        )


@pytest.mark.usefixtures("environment")
@pytest.mark.timeout(240)
def test_a_role_of_the_account_logs_a_run_through_the_plugin_and_others_are_refused(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    aws, account = workshop.aws, workshop.account
    arn = create(workshop, "tracking", TrackingServerSize="Small")
    assert status(workshop, "tracking") == "Creating"
    with pytest.raises(ClientError, match="already exists"):
        create(workshop, "tracking")
    with pytest.raises(ClientError, match="ConflictException"):
        workshop.sagemaker.stop_mlflow_tracking_server(TrackingServerName="tracking")
    eventually(lambda: status(workshop, "tracking") != "Creating", 180)
    assert status(workshop, "tracking") == "Created"

    aws.role(account, "tracker", allow=[statement(arn, *TRACK)])
    client = tracking_as(aws.assume(account, "tracker"), arn)
    experiment = client.create_experiment("managed")
    run = client.create_run(experiment)
    client.log_batch(run.info.run_id, [Metric("auc", 0.8, 1, 0)], [Param("depth", "3")])
    client.set_terminated(run.info.run_id)
    (run,) = client.search_runs([experiment])
    assert run.data.metrics == {"auc": 0.8} and run.info.status == "FINISHED"
    assert run.info.artifact_uri.startswith(f"s3://{workshop.bucket}/mlflow/")
    with pytest.raises(MlflowException, match="sagemaker-mlflow:DeleteRun"):
        client.delete_run(run.info.run_id)

    log_a_model(workshop, arn, run.info.run_id, monkeypatch)
    client = tracking_as(aws.assume(account, "tracker"), arn)
    with pytest.raises(MlflowException, match="does not support sagemaker-mlflow:") as unserved:
        client.list_webhooks()
    assert unserved.value.error_code == "ENDPOINT_NOT_FOUND"

    aws.role(account, "idler", allow=[])
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    aws.role("data", "foreigner", allow=[everything])
    for signer in (aws.assume(account, "idler"), aws.assume("data", "foreigner")):
        stranger = tracking_as(signer, arn)
        with pytest.raises(MlflowException, match="not authorized"):
            stranger.get_run(run.info.run_id)
    events = aws.client("cloudtrail", account).lookup_events(
        LookupAttributes=[{"AttributeKey": "EventName", "AttributeValue": "CreateRun"}]
    )["Events"]
    assert json.loads(events[0]["CloudTrailEvent"])["eventSource"] == (
        "sagemaker-mlflow.amazonaws.com"
    )

    with pytest.raises(ClientError, match="ArtifactStoreUri"):
        workshop.sagemaker.update_mlflow_tracking_server(
            TrackingServerName="tracking", ArtifactStoreUri=f"s3://{workshop.bucket}/elsewhere"
        )
    reply = workshop.sagemaker.update_mlflow_tracking_server(
        TrackingServerName="tracking", TrackingServerSize="Medium"
    )
    assert reply["TrackingServerArn"] == arn
    eventually(lambda: status(workshop, "tracking") == "Updated")
    described = workshop.sagemaker.describe_mlflow_tracking_server(TrackingServerName="tracking")
    assert (described["TrackingServerSize"], described["IsActive"]) == ("Medium", "Active")
    assert tracking_as(aws.assume(account, "tracker"), arn).get_run(run.info.run_id)

    workshop.sagemaker.stop_mlflow_tracking_server(TrackingServerName="tracking")
    eventually(lambda: status(workshop, "tracking") == "Stopped")
    client = tracking_as(aws.assume(account, "tracker"), arn)
    with pytest.raises(MlflowException, match="is Stopped"):
        client.get_run(run.info.run_id)
    workshop.sagemaker.delete_mlflow_tracking_server(TrackingServerName="tracking")
    gone = lambda: workshop.sagemaker.list_mlflow_tracking_servers()[  # noqa: E731
        "TrackingServerSummaries"
    ]
    eventually(lambda: not gone())
