"""A declared managed MLflow server: made, waited for, reused, and logged to with its artifacts."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stack import layout
from tests.local_platform import LocalPlatform
from tests.plugins.conftest import context

NAME = "managed"
TRAINER = "causeway_data_science_trainer"


@pytest.fixture
def declared(
    platform: LocalPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LocalPlatform]:
    """The platform with a topology that declares a server; its stack and MLflow as before after."""
    import mlflow
    from sagemaker_mlflow import set_session

    topology = tmp_path / "topology.yaml"
    topology.write_text(layout.TOPOLOGY.read_text() + f"\nmlflow:\n  managed: {NAME}\n")
    uri = mlflow.get_tracking_uri()
    with monkeypatch.context() as patch:
        patch.setenv("CAUSEWAY_TOPOLOGY", str(topology))
        changed = platform.deploy("data_science", topology=topology)
        assert changed == ["causeway-data-science-guards"]
        yield platform
    set_session(None)
    mlflow.set_tracking_uri(uri)
    platform.deploy("data_science")


def settle(operator: Any, step: Any) -> Any:
    """Run a step of the operator; when it defers, do as the triggerer does, then resume."""
    from airflow.sdk.exceptions import TaskDeferred

    try:
        return step(context())
    except TaskDeferred as deferred:
        end = time.monotonic() + 180
        while deferred.trigger.look() == "waiting":
            assert time.monotonic() < end
            time.sleep(0.2)
    return settle(operator, operator.resume)


@pytest.mark.timeout(400)
def test_a_declared_server_is_made_once_and_tracks_with_the_trainers_rights(
    declared: LocalPlatform, tmp_path: Path
) -> None:
    from airflow.sdk.exceptions import TaskDeferred

    from causeway_airflow.hooks.experiments import TrackedCandidate, TrackedDataset
    from causeway_airflow.hooks.tracking import TrackingHook
    from causeway_airflow.operators.tracking_servers import EnsureTrackingServerOperator

    operator = EnsureTrackingServerOperator(task_id="server")
    account = declared.accounts["data_science"]["id"]
    arn = f"arn:aws:sagemaker:eu-central-1:{account}:mlflow-tracking-server/{NAME}"
    assert settle(operator, operator.perform) == arn
    assert operator.perform(context()) == arn  # there already: nothing to wait for

    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "MLmodel").write_text("flavors: {}\n")
    tracking = TrackingHook(TRAINER).experiment("managed")
    parent = tracking.parent("m/run", "run", {})
    candidate = TrackedCandidate("c", "job", {"depth": "3"}, {"auc": 0.8}, {"loss": [1.0]}, {})
    data = TrackedDataset("d", "0" * 64, "s3://b/d", 10)
    run = tracking.log_candidate(parent, candidate, data, tmp_path / "model")
    assert tracking.candidates(parent)["job"].metrics["auc"] == 0.8
    tracking.finish(parent, {"auc": 0.8}, {})
    bucket = f"causeway-data-science-{account}-eu-central-1"
    stored = declared.client("s3", "data_science").list_objects_v2(Bucket=bucket, Prefix="mlflow/")
    assert [item["Key"].rpartition("/")[2] for item in stored["Contents"]] == ["MLmodel"]

    sagemaker = declared.client("sagemaker", "data_science")
    sagemaker.stop_mlflow_tracking_server(TrackingServerName=NAME)
    with pytest.raises(TaskDeferred):  # begins to start it, or waits for the stop to end
        operator.perform(context())
    assert settle(operator, operator.perform) == arn
    server = sagemaker.describe_mlflow_tracking_server(TrackingServerName=NAME)
    assert server["TrackingServerStatus"] == "Started"
    assert tracking.client.get_run(run).data.params == {"depth": "3"}
    sagemaker.delete_mlflow_tracking_server(TrackingServerName=NAME)


def test_without_a_declared_server_the_operator_says_what_to_write(
    platform: LocalPlatform,
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    from causeway_airflow.operators.tracking_servers import EnsureTrackingServerOperator

    with pytest.raises(AirflowFailException, match=r"mlflow\.managed"):
        EnsureTrackingServerOperator(task_id="server").execute({})
