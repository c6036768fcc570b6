"""The pipeline variant of a training: a SageMaker pipeline made from the same use case.

Processing → training → evaluation → condition on the metric gates. The requests are those of the
task route (`causeway.training.jobs`), their values replaced by references to parameters and to
earlier steps. The pipeline ends with the evaluated artifact: registration is the same for both
routes.
Source: SageMaker developer guide, "Pipelines overview" (definition schema 2020-12-01).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from causeway.datasets.datasets import preprocess_document
from causeway.digests import canonical_json, sha256
from causeway.errors import ConfigError
from causeway.names import NAME_LENGTH, attempt_name
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology
from causeway.training.candidates import TrainingCandidate, candidates, metric_definitions
from causeway.training.jobs import (
    Code,
    Input,
    Processing,
    TrainingJob,
    code_prefix,
    document_key,
    inputs_digest,
)
from causeway.use_cases.job_scripts import MEASURED, REGRESSION
from causeway.use_cases.use_case import EVALUATION_SCRIPT, Gate, ModelSpec, UseCase

VERSION: Final = "2020-12-01"
PREPROCESS, TRAIN, EVALUATE = "Preprocess", "Train", "Evaluate"
CHECK, REFUSE = "CheckGates", "GatesNotKept"
PARTS, EVALUATION, REPORT = "parts", "evaluation", "EvaluationReport"
DATASET: Final = "DatasetUri"

_REFERENCE: Final = re.compile(r"<<(.+?)>>")


@dataclass(frozen=True)
class PipelineRun:
    """A pipeline at one definition, and what one execution of it is given."""

    pipeline: str
    definition: str
    parameters: Mapping[str, str]
    max_attempts: int

    @property
    def inputs(self) -> str:
        """The digest of everything that the execution's result depends on."""
        return inputs_digest(definition=sha256(self.definition), parameters=self.parameters)

    @property
    def name(self) -> str:
        """The display name of the first execution: how it is found again."""
        head = self.pipeline[: NAME_LENGTH - len("-123456789012-a99")].rstrip("-")
        return f"{head}-{self.inputs[:12]}"

    def token(self, attempt: int) -> str:
        """The ClientRequestToken of an attempt (32 to 128 characters)."""
        return sha256(f"{self.inputs}\n{attempt_name(self.name, attempt)}")


def pipeline_name(model: ModelSpec) -> str:
    """Return the name of a model's pipeline."""
    return model.name.replace("_", "-")


def pipeline_run(
    case: UseCase,
    model: ModelSpec,
    topology: Topology,
    code: Code,
    *,
    dataset: str,
    seed: int | None,
) -> PipelineRun:
    """Return the execution that trains a model on a dataset; a seed draws another candidate."""
    candidate = candidates(model, seed)[0]
    return PipelineRun(
        pipeline=pipeline_name(model),
        definition=definition(case, model, topology, code),
        parameters={DATASET: dataset, **candidate.as_strings()},
        max_attempts=model.training.max_attempts,
    )


def contract_of(case: UseCase, model: ModelSpec) -> tuple[str, str]:
    """Return key and text of the document that the preprocessing step reads."""
    text = canonical_json(preprocess_document(case, model))
    return document_key(case.id, sha256(text)), text


def definition(case: UseCase, model: ModelSpec, topology: Topology, code: Code) -> str:
    """Return the definition as JSON; the same use case and scripts make the same text.

    Raises:
        ConfigError: the model does not take the pipeline route.
    """
    if model.training.route != "pipeline":
        raise ConfigError(
            f"model {model.name} is trained by tasks, not by a pipeline",
            next_step="Set training.route to pipeline.",
        )
    steps = _Steps(case, model, topology, code)
    candidate = candidates(model)[0]
    document = {
        "Version": VERSION,
        "Metadata": {},
        "Parameters": [
            {"Name": DATASET, "Type": "String"},
            *(
                {"Name": name, "Type": "String", "DefaultValue": value}
                for name, value in sorted(candidate.as_strings().items())
            ),
        ],
        "Steps": [steps.preprocess(), steps.train(candidate), steps.evaluate(), steps.check()],
    }
    return canonical_json(document)


class _Steps:
    def __init__(self, case: UseCase, model: ModelSpec, topology: Topology, code: Code) -> None:
        self.case, self.model, self.topology, self.code = case, model, topology, code
        self.role = AccountRole.DATA_SCIENCE
        self.root = f"s3://{topology.bucket(self.role)}"
        self.executions = f"{self.root}/jobs/{case.id}/pipeline/<<Execution.PipelineExecutionId>>"
        self.parts = _output_of(PREPROCESS, PARTS)

    def preprocess(self) -> dict[str, Any]:
        contract = f"{self.root}/{contract_of(self.case, self.model)[0]}"
        folders = {"dataset": f"<<Parameters.{DATASET}>>", "contract": contract}
        return _step(PREPROCESS, "Processing", self._processing("preprocess.py", folders, PARTS))

    def train(self, candidate: TrainingCandidate) -> dict[str, Any]:
        training = self.model.training
        job = TrainingJob(
            subject=self.model.name,
            script="train.py",
            code=self.code,
            bundle_uri=f"{self.root}/{code_prefix(self.case.id, self.code)}/sourcedir.tar.gz",
            channels=[Input(name, f"{self.parts}/{name}") for name in ("train", "validation")],
            candidate=candidate.name,
            hyperparameters={name: f"<<Parameters.{name}>>" for name in candidate.hyperparameters},
            output_root=f"{self.executions}/train",
            image=self.topology.image(training.image),
            runs_on=training,
            compute=self.topology.compute_of(self.role),
            role_arn=self.topology.role_arn(self.role, "training-execution"),
            kms_key=self.topology.key_alias_arn(self.role),
            metrics=metric_definitions(training, self.topology),
        )
        return _step(TRAIN, "Training", job.request(self._tags()))

    def evaluate(self) -> dict[str, Any]:
        folders = {
            "model": f"<<Steps.{TRAIN}.ModelArtifacts.S3ModelArtifacts>>",
            "test": f"{self.parts}/test",
        }
        report = {
            "PropertyFileName": REPORT,
            "OutputName": EVALUATION,
            "FilePath": "evaluation.json",
        }
        arguments = self._processing(EVALUATION_SCRIPT, folders, EVALUATION)
        return _step(EVALUATE, "Processing", arguments, PropertyFiles=[report])

    def check(self) -> dict[str, Any]:
        gates = self.model.metric_gates
        refused = ", ".join(f"{gate.metric} {_bounds(gate)}" for gate in gates)
        fail = {
            "ErrorMessage": f"{self.model.name}: a gate was not kept ({refused}); see the "
            f"evaluation of <<Execution.PipelineExecutionId>>"
        }
        conditions = [condition for gate in gates for condition in self._conditions(gate)]
        arguments = {
            "Conditions": conditions,
            "IfSteps": [],  # the evaluated artifact is registered as the task route registers it
            "ElseSteps": [_step(REFUSE, "Fail", fail)],
        }
        return {"Name": CHECK, "Type": "Condition", "Arguments": arguments}

    def _conditions(self, gate: Gate) -> list[dict[str, Any]]:
        path = f"metrics.{gate.metric}"
        if gate.metric in MEASURED[REGRESSION] and self.model.problem_type == REGRESSION:
            path = f"regression_metrics.{gate.metric}.value"
        value = {
            "Std:JsonGet": {
                "PropertyFile": {"Get": f"Steps.{EVALUATE}.PropertyFiles.{REPORT}"},
                "Path": path,
            }
        }
        bounds = (("GreaterThanOrEqualTo", gate.min), ("LessThanOrEqualTo", gate.max))
        return [
            {"Type": kind, "LeftValue": value, "RightValue": bound}
            for kind, bound in bounds
            if bound is not None
        ]

    def _processing(self, script: str, folders: Mapping[str, str], output: str) -> dict[str, Any]:
        resources = self.case.runs_on(script)
        job = Processing(
            subject=self.model.name,
            script=script,
            code=self.code,
            code_uri=f"{self.root}/{code_prefix(self.case.id, self.code)}",
            folders=[Input(name, uri) for name, uri in folders.items()],
            output=output,
            output_root=self.executions,
            image=self.topology.image(resources.image),
            runs_on=resources,
            compute=self.topology.compute_of(self.role),
            role_arn=self.topology.role_arn(self.role, "training-execution"),
            kms_key=self.topology.key_alias_arn(self.role),
        )
        request = job.request(self._tags())
        (only,) = request["ProcessingOutputConfig"]["Outputs"]
        # A job of the task route is named by its inputs; here the execution tells them apart.
        only["S3Output"]["S3Uri"] = f"{self.executions}/{output}"
        return request

    def _tags(self) -> dict[str, str]:
        return {"causeway:use-case": self.case.id, "causeway:model": self.model.name}


def _step(name: str, kind: str, arguments: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    # SageMaker names the jobs of a pipeline; which inputs they had, the execution says.
    left = {"ProcessingJobName", "TrainingJobName", "Environment"}
    own = {key: value for key, value in arguments.items() if key not in left}
    return {"Name": name, "Type": kind, "Arguments": _referring(own), **more}


def _output_of(step: str, output: str) -> str:
    return f"<<Steps.{step}.ProcessingOutputConfig.Outputs['{output}'].S3Output.S3Uri>>"


def _referring(value: Any) -> Any:
    """Replace `<<path>>` in texts by references: `Get` alone, else a `Std:Join`."""
    if isinstance(value, dict):
        return {key: _referring(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_referring(item) for item in value]
    if not isinstance(value, str) or "<<" not in value:
        return value
    # `re.split` with a group gives texts and paths in turn.
    parts = _REFERENCE.split(value)
    values = [{"Get": part} if odd % 2 else part for odd, part in enumerate(parts) if part]
    return values[0] if len(values) == 1 else {"Std:Join": {"On": "", "Values": values}}


def _bounds(gate: Gate) -> str:
    bounds = [f"at least {gate.min:g}"] if gate.min is not None else []
    bounds += [f"at most {gate.max:g}"] if gate.max is not None else []
    return " and ".join(bounds)
