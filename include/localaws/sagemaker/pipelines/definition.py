"""A pipeline's definition (JSON schema 2020-12-01), read and checked before anything runs.

A step that this machine cannot run is refused when the pipeline is created. Source:
SageMaker developer guide, "Pipelines overview", and the definition's JSON schema.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import Any

from localaws.kit.service import ServiceError

VERSION = "2020-12-01"
STEP_TYPES = ("Processing", "Training", "Model", "RegisterModel", "Condition", "Fail")
PARAMETER_TYPES: dict[str, tuple[type, ...]] = {
    "String": (str,),
    "Integer": (int,),
    "Float": (float, int),
    "Boolean": (bool,),
}
EXECUTION_VARIABLES = (
    "PipelineName",
    "PipelineArn",
    "PipelineExecutionId",
    "PipelineExecutionArn",
    "StartDateTime",
    "CurrentDateTime",
)


@dataclass(frozen=True)
class Parameter:
    """A parameter of the pipeline; without a default each execution has to set it."""

    name: str
    type: str
    default: Any = None
    allowed: tuple[Any, ...] = ()

    def read(self, text: str) -> Any:
        """Return the typed value of a parameter; ValidationException if it is invalid."""
        try:
            value: Any = {"Integer": int, "Float": float}.get(self.type, str)(text)
        except ValueError:
            raise refused(
                f"Parameter [{self.name}] value {text!r} is not of type {self.type}."
            ) from None
        if self.type == "Boolean":
            value = text.lower() == "true"
        if self.allowed and value not in self.allowed:
            raise refused(f"Parameter [{self.name}] value {text!r} is not one of {self.allowed}.")
        return value


@dataclass(frozen=True)
class Step:
    """One step; `guard` is the condition step, and its result, on which it runs."""

    name: str
    type: str
    arguments: dict[str, Any]
    needs: frozenset[str]
    files: dict[str, tuple[str, str]] = field(default_factory=dict)  # name -> output, path in it
    guard: tuple[str, bool] | None = None
    display_name: str | None = None
    description: str | None = None


@dataclass(frozen=True)
class Definition:
    """Parameters and steps, including those inside conditions, in the order of the text."""

    parameters: dict[str, Parameter]
    steps: dict[str, Step]
    experiment: dict[str, Any] = field(default_factory=dict)  # its name and its trial's


def read_definition(text: str) -> Definition:
    """Parse and check a definition.

    Raises:
        ServiceError: ValidationException that names what is invalid or not supported.
    """
    try:
        document = json.loads(text)
    except ValueError as error:
        raise refused(f"Unable to parse pipeline definition: not JSON: {error}") from None
    if not isinstance(document, dict) or document.get("Version") != VERSION:
        raise refused(f"Unable to parse pipeline definition: Version must be {VERSION}.")
    experiment = _experiment(document.get("PipelineExperimentConfig") or {})
    parameters = dict(_parameters(document.get("Parameters") or []))
    steps: dict[str, Step] = {}
    for step in _steps(document.get("Steps") or [], None):
        if step.name in steps:
            raise refused(f"Step names must be unique: [{step.name}] is used twice.")
        steps[step.name] = step
    if not steps:
        raise refused("A pipeline definition must have at least one step.")
    _check_references(parameters, steps)
    for path in references(experiment):
        _check_path("PipelineExperimentConfig", path, parameters, {})
    return Definition(parameters, steps, experiment)


def references(value: Any) -> Iterator[str]:
    """Yield every `Get` path in a value."""
    if isinstance(value, dict):
        if set(value) == {"Get"}:
            yield str(value["Get"])
            return
        for item in value.values():
            yield from references(item)
    elif isinstance(value, list):
        for item in value:
            yield from references(item)


def refused(message: str) -> ServiceError:
    """Return the error of an invalid definition or invalid parameters."""
    return ServiceError("ValidationException", message)


def _parameters(declarations: list[dict[str, Any]]) -> Iterator[tuple[str, Parameter]]:
    for declaration in declarations:
        name, kind = declaration.get("Name"), declaration.get("Type")
        if not name or kind not in PARAMETER_TYPES:
            raise refused(
                f"Parameter {name!r} has type {kind!r}; allowed: {', '.join(PARAMETER_TYPES)}."
            )
        default = declaration.get("DefaultValue")
        if default is not None and not isinstance(default, PARAMETER_TYPES[kind]):
            raise refused(f"Parameter [{name}] has a default not of type {kind}: {default!r}.")
        yield name, Parameter(name, kind, default, tuple(declaration.get("EnumValues") or ()))


def _experiment(config: dict[str, Any]) -> dict[str, Any]:
    if unknown := sorted(set(config) - {"ExperimentName", "TrialName"}):
        raise refused(f"PipelineExperimentConfig has no {unknown[0]}.")
    return dict(config)


def _steps(declarations: list[dict[str, Any]], guard: tuple[str, bool] | None) -> Iterator[Step]:
    for declaration in declarations:
        name, kind = declaration.get("Name"), declaration.get("Type")
        if not name:
            raise refused("A step has no Name.")
        if kind not in STEP_TYPES:
            raise refused(
                f"Step [{name}] has type {kind!r}, which the local AWS does not support; it runs "
                f"{', '.join(STEP_TYPES)}."
            )
        for option in ("RetryPolicies", "CacheConfig"):
            setting = declaration.get(option)
            if setting and not (option == "CacheConfig" and setting.get("Enabled") is False):
                raise refused(f"Step [{name}]: {option} is not supported by the local AWS.")
        arguments = dict(declaration.get("Arguments") or {})
        branches = [
            (arguments.pop(k, None) or [], k == "IfSteps") for k in ("IfSteps", "ElseSteps")
        ]
        needs = {str(step) for step in declaration.get("DependsOn") or []}
        needs |= {path.split(".")[1] for path in references(arguments) if path.startswith("Steps.")}
        if guard:
            needs.add(guard[0])
        yield Step(
            name=name,
            type=kind,
            arguments=arguments,
            needs=frozenset(needs),
            files={
                f["PropertyFileName"]: (f["OutputName"], f["FilePath"])
                for f in declaration.get("PropertyFiles") or []
            },
            guard=guard,
            display_name=declaration.get("DisplayName"),
            description=declaration.get("Description"),
        )
        for inner, outcome in branches:
            yield from _steps(inner, (name, outcome))


def _check_references(parameters: dict[str, Parameter], steps: dict[str, Step]) -> None:
    for step in steps.values():
        for name in step.needs:
            if name not in steps:
                raise refused(f"Step [{step.name}] refers to step [{name}], which does not exist.")
        for path in references(step.arguments):
            _check_path(f"Step [{step.name}]", path, parameters, steps)
    try:
        TopologicalSorter({step.name: step.needs for step in steps.values()}).prepare()
    except CycleError as error:
        raise refused(f"Steps depend on each other in a cycle: {error.args[1]}.") from None


def _check_path(
    where: str, path: str, parameters: dict[str, Parameter], steps: dict[str, Step]
) -> None:
    kind, _, rest = path.partition(".")
    if kind == "Parameters" and rest in parameters:
        return
    if kind == "Execution" and rest in EXECUTION_VARIABLES:
        return
    if kind == "Steps" and steps:
        name, _, inside = rest.partition(".")
        if not inside.startswith("PropertyFiles."):
            return
        if inside.partition(".")[2] in steps[name].files:
            return
    raise refused(f"{where} gets {path!r}, which does not exist.")
