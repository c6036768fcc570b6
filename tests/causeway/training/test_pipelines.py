"""The pipeline variant: the same use case as a definition, and executions that are found again."""

from __future__ import annotations

import json
from typing import Any

import pytest

from causeway.errors import ConfigError, JobFailed, NameTaken
from causeway.topology.accounts import Topology
from causeway.training.adoption import Adoption, DescribedJob, next_job
from causeway.training.jobs import Code
from causeway.training.pipelines import (
    PipelineRun,
    contract_of,
    definition,
    pipeline_run,
)
from causeway.use_cases.files import use_case
from causeway.use_cases.use_case import USE_CASES_DIR, UseCase
from localaws.sagemaker.pipelines.definition import read_definition, references
from tests.causeway.values import use_case_of

CODE = Code({"train.py": b"print(1)"})
TEXT = (USE_CASES_DIR / "california_housing.yaml").read_text()
DATASET = "s3://bucket/datasets/d/dataset.parquet"


@pytest.fixture(scope="module")
def housing() -> UseCase:
    return use_case("california_housing")


def run(case: UseCase, topology: Topology, **changes: Any) -> PipelineRun:
    arguments: dict[str, Any] = {"dataset": DATASET, "seed": None, **changes}
    code = arguments.pop("code", CODE)
    return pipeline_run(case, case.models[0], topology, code, **arguments)


def steps(case: UseCase, topology: Topology) -> dict[str, dict[str, Any]]:
    document = json.loads(definition(case, case.models[0], topology, CODE))
    return {step["Name"]: step for step in document["Steps"]}


def test_the_definition_is_one_that_a_pipeline_takes(housing: UseCase, topology: Topology) -> None:
    read = read_definition(definition(housing, housing.models[0], topology, CODE))
    assert {name: step.type for name, step in read.steps.items()} == {
        "Preprocess": "Processing",
        "Train": "Training",
        "Evaluate": "Processing",
        "CheckGates": "Condition",
        "GatesNotKept": "Fail",
    }
    assert read.steps["Train"].needs == {"Preprocess"}
    assert read.steps["Evaluate"].needs == {"Preprocess", "Train"}
    assert read.steps["CheckGates"].needs == {"Evaluate"}
    assert read.parameters["DatasetUri"].default is None
    assert read.parameters["max_depth"].default == "8"


def test_each_step_runs_in_the_image_that_its_script_needs(
    housing: UseCase, topology: Topology
) -> None:
    made = steps(housing, topology)
    images = {
        name: made[name]["Arguments"]["AppSpecification"]["ImageUri"]
        for name in ("Preprocess", "Evaluate")
    }
    assert images == {
        "Preprocess": topology.image("processing"),
        "Evaluate": topology.image("xgboost"),
    }


def test_the_condition_is_the_gate_of_the_use_case(housing: UseCase, topology: Topology) -> None:
    check = steps(housing, topology)["CheckGates"]["Arguments"]
    (condition,) = check["Conditions"]
    assert (condition["Type"], condition["RightValue"]) == ("LessThanOrEqualTo", 0.75)
    assert condition["LeftValue"]["Std:JsonGet"]["Path"] == "regression_metrics.mse.value"
    assert check["IfSteps"] == []
    (fail,) = check["ElseSteps"]
    assert "mse at most 0.75" in json.dumps(fail)


def test_jobs_take_their_values_from_parameters_and_earlier_steps(
    housing: UseCase, topology: Topology
) -> None:
    by_name = steps(housing, topology)
    train = by_name["Train"]["Arguments"]
    assert train["HyperParameters"]["eta"] == {"Get": "Parameters.eta"}
    (channel, _) = train["InputDataConfig"]
    join = channel["DataSource"]["S3DataSource"]["S3Uri"]["Std:Join"]
    output = "Steps.Preprocess.ProcessingOutputConfig.Outputs['parts'].S3Output.S3Uri"
    assert join == {"On": "", "Values": [{"Get": output}, "/train"]}
    assert train["OutputDataConfig"]["KmsKeyId"].endswith("alias/causeway-data-science")
    assert train["RoleArn"].endswith("role/causeway-training-execution")
    for step in by_name.values():
        assert "<<" not in json.dumps(step)
        assert not {"ProcessingJobName", "TrainingJobName"} & step["Arguments"].keys()
    outputs = by_name["Evaluate"]["Arguments"]["ProcessingOutputConfig"]
    assert "Execution.PipelineExecutionId" in set(references(outputs))
    key, text = contract_of(housing, housing.models[0])
    assert key in json.dumps(by_name["Preprocess"])
    assert json.loads(text)["label_scale"] == 100000


def test_an_execution_is_named_by_all_that_its_result_depends_on(
    housing: UseCase, topology: Topology
) -> None:
    first = run(housing, topology)
    assert run(housing, topology) == first
    assert first.pipeline == "california-housing"
    assert first.name.startswith("california-housing-")
    others = [
        run(housing, topology, dataset="s3://other"),
        run(housing, topology, seed=1),
        run(housing, topology, code=Code({"train.py": b"print(2)"})),
    ]
    assert len({first.name, *(other.name for other in others)}) == 4
    assert 32 <= len(first.token(1)) <= 128
    assert first.token(1) != first.token(2)
    assert first.parameters["max_depth"] == "8"
    assert others[1].definition == first.definition


def test_executions_are_adopted_counted_and_given_up_like_jobs() -> None:
    def step(*statuses: str) -> Any:
        names = ["run", "run-a2", "run-a3"]
        executions = [DescribedJob(n, s, "why") for n, s in zip(names, statuses, strict=False)]
        return next_job("run", executions, 3, enum="PipelineExecutionStatus")

    assert step().action is Adoption.CREATE
    assert step("Executing").action is Adoption.WAIT
    assert step("Succeeded").action is Adoption.DONE
    assert step("Failed", "Stopped").name == "run-a3"
    with pytest.raises(JobFailed, match="why"):
        step("Failed", "Failed", "Failed")
    with pytest.raises(NameTaken, match="unknown here"):
        step("Resting")


def test_the_task_route_has_no_pipeline(case: UseCase, topology: Topology) -> None:
    with pytest.raises(ConfigError, match="trained by tasks"):
        definition(case, case.models[0], topology, CODE)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("- {max_depth: 8, eta: 0.1}", "- {max_depth: 8}\n        - {max_depth: 7}", "trains one"),
        ("- {metric: mse, max: 0.75}", "- {kind: sample, min_rows: 9}", "of kind metric"),
        ("route: pipeline", "route: notebook", "route: Input should be 'tasks' or 'pipeline'"),
    ],
)
def test_what_a_pipeline_cannot_do_is_refused(before: str, after: str, message: str) -> None:
    assert before in TEXT
    with pytest.raises(ConfigError, match=message):
        use_case_of(TEXT.replace(before, after))
