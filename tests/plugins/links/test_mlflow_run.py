"""The button that opens a task's MLflow run, resolved from what the tracking task returned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest

SERVER = "http://mlflow.example:5000"
PAGE = f"{SERVER}/#/experiments/7/runs"
TRACKED = {"experiment": "7", "mlflow_run": "best", "runs": {"a": "run-a", "b": "run-b"}}
TRAINED = [{"job": "a"}, {"job": "b"}, {"job": "not tracked"}]


@pytest.fixture
def link(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., str]]:
    """The link of a task of run `tracked`; in run `training` nothing was tracked yet."""
    from airflow import settings
    from airflow.models import import_all_models
    from airflow.models.base import Base
    from airflow.models.dagrun import DagRun
    from airflow.models.taskinstancekey import TaskInstanceKey
    from airflow.models.xcom import XComModel
    from sqlalchemy import create_engine
    from sqlalchemy.orm import sessionmaker
    from sqlalchemy.pool import StaticPool

    from causeway_plugin import CausewayPlugin

    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"{SERVER}/")
    import_all_models()  # type: ignore[no-untyped-call]
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    sessions = sessionmaker(engine)
    monkeypatch.setattr(settings, "Session", sessions)
    about: dict[str, Any] = {"dag_id": "training", "key": "return_value"}
    with sessions() as session:
        for number, run in enumerate(("training", "tracked"), 1):
            session.add(
                DagRun(
                    dag_id="training",
                    run_id=run,
                    run_type="manual",
                    run_after=datetime(2026, 1, 1, tzinfo=UTC),
                )
            )
            session.flush()
            about |= {"dag_run_id": number, "run_id": run, "timestamp": datetime.now(UTC)}
            for index, value in enumerate(TRAINED):
                session.add(XComModel(task_id="train", map_index=index, value=value, **about))
        session.add(XComModel(task_id="track", map_index=-1, value=TRACKED, **about))
        session.commit()
    (button,) = CausewayPlugin.operator_extra_links

    def resolve(task: str, index: int = -1, run: str = "tracked") -> str:
        key = TaskInstanceKey("training", task, run, 1, index)
        return str(button.get_link(SimpleNamespace(), ti_key=key))

    yield resolve
    engine.dispose()


def test_a_task_links_to_the_best_run_and_a_training_to_its_candidates(
    link: Callable[..., str],
) -> None:
    assert [link(task) for task in ("track", "pipeline", "gate")] == [f"{PAGE}/best"] * 3
    assert [link("train", index) for index in range(2)] == [f"{PAGE}/run-a", f"{PAGE}/run-b"]


def test_there_is_no_link_to_what_was_not_tracked(link: Callable[..., str]) -> None:
    assert link("train", 2) == ""
    assert link("train", 0, run="training") == ""
    assert link("track", run="training") == ""


@pytest.mark.parametrize("uri", ["", "sqlite:///mlflow.db", "arn:aws:sagemaker:x:1:y/z"])
def test_there_is_no_link_to_a_server_without_pages(
    link: Callable[..., str], monkeypatch: pytest.MonkeyPatch, uri: str
) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    assert link("track") == ""


def test_a_managed_server_has_no_lasting_page(
    link: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.links import mlflow_run

    managed = SimpleNamespace(tracking_server_arn=lambda: "arn:aws:sagemaker:x:1:y/z")
    monkeypatch.setattr(mlflow_run, "topology", lambda: managed)
    assert link("track") == ""


def test_airflow_gives_the_button_to_the_tasks_of_a_training(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As the API server finds it: on a serialised task, by the class it was made of."""
    from airflow import plugins_manager
    from airflow.sdk import DAG
    from airflow.serialization.serialized_objects import DagSerialization

    from causeway_airflow.operators.jobs import TrainingJobOperator
    from causeway_airflow.operators.tracking import TrackCandidatesOperator
    from causeway_plugin import CausewayPlugin

    about = {"use_case": "credit_risk", "model": "credit_risk"}
    job = {**about, "account_role": "data_science", "duty": "trainer"}
    with DAG("training", schedule=None) as dag:
        train = TrainingJobOperator.partial(task_id="train", channels={}, **job).expand(index=[0])
        TrackCandidatesOperator(task_id="track", jobs=train.output, dataset={}, **about)
    monkeypatch.setattr(
        plugins_manager,
        "get_operator_extra_links",
        lambda: CausewayPlugin.operator_extra_links,
    )
    read = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    assert {task.task_id: list(task.extra_links) for task in read.tasks} == {
        "train": ["MLflow run"],
        "track": ["MLflow run"],
    }
