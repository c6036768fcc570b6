"""An execution that only bears the name of a training's is not taken for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from causeway.errors import NotFound, UnexpectedState
from causeway.topology.account_roles import AccountRole
from causeway.training.pipelines import DATASET, PipelineRun
from tests.local_platform import LocalPlatform
from tests.plugins.conftest import context, execute
from tests.plugins.housing import ABOUT, stored_dataset
from tests.security.production.conftest import Seen

pytestmark = pytest.mark.usefixtures("own_endpoints")

#: Of each try, a dataset of its own that nobody trained on.
SEEDS = {"dataset": 11, "candidate": 12, "definition": 13}


@pytest.fixture(scope="module")
def trained(shared: LocalPlatform) -> str:
    """The dataset of a training that its pipeline ran, and whose best was evaluated."""
    from causeway_airflow.operators.jobs import ProcessingJobOperator
    from causeway_airflow.operators.pipelines import RunPipelineOperator

    dataset = stored_dataset()
    result = execute(RunPipelineOperator(task_id="p", dataset=dataset, **ABOUT), context())
    parts, (job,) = result["outputs"]["parts"], result["jobs"]
    evaluate = ProcessingJobOperator(
        task_id="evaluate",
        account_role="data_science",
        duty="trainer",
        script="evaluate.py",
        inputs={
            "model": job["model_uri"],
            "test": f"{parts}/test",
            "raw": f"{parts}/evaluation",
            "production": "",
        },
        document="evaluation",
        output_name="evaluation",
        **ABOUT,
    )
    execute(evaluate, context())
    return dataset


def gate(dataset: str, seed: int | None = None) -> Any:
    from causeway_airflow.operators.gates import GateOperator

    return GateOperator(task_id="gate", dataset=dataset, seed=seed, **ABOUT).perform(context())


def register(dataset: str, report: str) -> Any:
    from causeway_airflow.operators.registration import RegisterModelOperator

    operator = RegisterModelOperator(
        task_id="register", dataset=dataset, report=report, mlflow_run="run", **ABOUT
    )
    return operator.perform(context())


def run_of(dataset: str) -> PipelineRun:
    from causeway_airflow.tasks.pipelines import training_pipeline

    about = ("california_housing", "california_housing")
    return training_pipeline(AccountRole.DATA_SCIENCE, *about, dataset=dataset, seed=None).run


def execution(platform: LocalPlatform, name: str, parameters: Mapping[str, str]) -> None:
    """Run the pipeline under a name as the trainer, who may, to its end."""
    from causeway_airflow.hooks.pipelines import PipelinesHook

    arn = PipelinesHook("causeway_data_science_trainer").call(
        "start_pipeline_execution",
        PipelineName="california-housing",
        PipelineExecutionDisplayName=name,
        PipelineParameters=[{"Name": k, "Value": v} for k, v in parameters.items()],
        ClientRequestToken=name.ljust(32, "x"),
    )["PipelineExecutionArn"]
    client, until = platform.client("sagemaker", "data_science"), time.monotonic() + 120
    while (
        status := client.describe_pipeline_execution(PipelineExecutionArn=arn)[
            "PipelineExecutionStatus"
        ]
    ) == "Executing":
        assert time.monotonic() < until
        time.sleep(0.2)
    assert status == "Succeeded"


@pytest.mark.parametrize("other", SEEDS)
def test_an_execution_of_another_dataset_candidate_or_definition_is_refused(
    shared: LocalPlatform, trained: str, seen: Callable[[], Seen], other: str
) -> None:
    dataset = stored_dataset(SEEDS[other])
    run, client = run_of(dataset), shared.client("sagemaker", "data_science")
    parameters = dict(run.parameters)
    declared = client.describe_pipeline(PipelineName="california-housing")["PipelineDefinition"]
    if other == "dataset":
        parameters[DATASET] = trained
    elif other == "candidate":
        parameters["max_depth"] = "2"
    else:
        loose = declared.replace('"RightValue":0.75', '"RightValue":75')
        assert loose != declared
        client.update_pipeline(PipelineName="california-housing", PipelineDefinition=loose)
    execution(shared, run.name, parameters)
    client.update_pipeline(PipelineName="california-housing", PipelineDefinition=declared)
    before = seen()
    for attempt in (lambda: gate(dataset), lambda: register(dataset, "0" * 64)):
        with pytest.raises(UnexpectedState, match="another definition, dataset or candidate"):
            attempt()
    assert seen() == before


def test_a_dataset_or_seed_that_was_not_trained_on_finds_no_execution(
    shared: LocalPlatform, trained: str
) -> None:
    for dataset, seed in ((stored_dataset(20), None), (trained, 3)):
        with pytest.raises(NotFound, match="there is no execution california-housing-"):
            gate(dataset, seed)


def test_the_executions_own_candidate_is_registered(shared: LocalPlatform, trained: str) -> None:
    """Last in this file: the version stays."""
    report = gate(trained)["report_sha256"]
    with pytest.raises(UnexpectedState, match=f"makes {report}"):
        register(trained, "0" * 64)
    assert register(trained, report)["created"]
