"""Whether a model can be trained on its dataset with its scripts: said when the YAML is read.

Everything here would otherwise end as an error of a job, minutes after somebody pressed a button.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from causeway.documents import CONFIG_DIR
from causeway.use_cases.contracts import Feature
from causeway.use_cases.gate_specs import Gate, ProductionGate, Protected
from causeway.use_cases.job_scripts import MEASURED, SHIPPED, JobScripts
from causeway.use_cases.labels import fault_of_label

if TYPE_CHECKING:
    from causeway.use_cases.use_case import ModelSpec

#: The folder of job scripts: those that ship, one sub-folder a use case, and what they share.
JOBS_DIR: Final = CONFIG_DIR.parent / "jobs"
NEEDED: Final = ("train.py", "evaluate.py")

Columns = Mapping[str, Feature | None]


def check_model(
    model: ModelSpec, columns: Columns, nullable: frozenset[str], jobs: Path = JOBS_DIR
) -> None:
    """Refuse a model that its scripts cannot train.

    Args:
        model: the model.
        columns: those of its dataset.
        nullable: the names of those that may be empty.
        jobs: the folder of job scripts.

    Raises:
        ValueError: naming the model, the key and what is allowed; a line for each fault.
    """
    faults = [*_scripts(model, jobs), *_inputs(model, columns), *_groups(model, columns)]
    label = columns.get(model.training.label)
    if wrong := fault_of_label(model.training, model.problem_type, label):
        faults.append(f"training.{wrong}")
    if shipped := SHIPPED.get(model.training.scripts or ""):
        faults += _shipped(model, shipped, columns, nullable)
    if faults:
        raise ValueError("\n".join(f"models.{model.name}.{fault}" for fault in faults))


def _scripts(model: ModelSpec, jobs: Path) -> Iterator[str]:
    scripts = model.training.scripts
    if scripts is not None and not all((jobs / scripts / name).is_file() for name in NEEDED):
        folders = sorted(path.parent.name for path in jobs.glob(f"*/{NEEDED[0]}"))
        yield (
            f"training.scripts: {scripts} is no folder of include/jobs with "
            f"{' and '.join(NEEDED)}; allowed: {', '.join(folders)}"
        )


def _inputs(model: ModelSpec, columns: Columns) -> Iterator[str]:
    training = model.training
    for name in training.features:
        feature = columns.get(name)
        if feature is not None and feature.time is not None:
            yield (
                f"training.features: {name} is a time, which says nothing by itself; derive a "
                "feature with `op: days_before_event_time` of it"
            )
        if name in training.one_hot and feature is not None and feature.type == "Fractional":
            yield f"training.one_hot: {name} is Fractional; allowed: Integral, String"
        if name in training.impute and (
            name in training.one_hot or (feature is not None and feature.type == "String")
        ):
            yield f"training.impute: {name} is a category; a missing one needs no filling"
    taken = {f"{n}_{c}": n for n in training.one_hot for c in _codes(columns.get(n))}
    for name in taken.keys() & set(training.features):
        yield f"training.one_hot: a column of {taken[name]} is called {name}, as a feature is"


def _codes(feature: Feature | None) -> tuple[int | str, ...]:
    return tuple(feature.codes or ()) if feature is not None else ()


def _groups(model: ModelSpec, columns: Columns) -> Iterator[str]:
    """Say where protected groups leave codes of their feature out, or name others."""
    for attribute, protected in model.protected.items():
        feature = columns.get(protected.feature)
        if feature is not None and protected.bands and feature.type == "String":
            yield f"protected.{attribute}.bands: {protected.feature} is a String; give `codes`"
        if feature is not None and feature.codes and protected.codes:
            yield from _uncovered(attribute, protected, feature)


def _uncovered(attribute: str, protected: Protected, feature: Feature) -> Iterator[str]:
    named = {str(code) for codes in protected.codes.values() for code in codes}
    for codes, what in (
        (feature.allowed - named, "are in no group"),
        (named - feature.allowed, f"are no codes of {protected.feature}"),
    ):
        if codes:
            yield f"protected.{attribute}.codes: {', '.join(sorted(codes))} {what}"


def _shipped(
    model: ModelSpec, scripts: JobScripts, columns: Columns, nullable: frozenset[str]
) -> Iterator[str]:
    training, problem, name = model.training, model.problem_type, model.training.scripts
    if problem not in scripts.watched:
        yield f"training.scripts: {name} learns no {problem}"
        return
    watched = [f"validation_{metric}" for metric in scripts.watched[problem]]
    if training.select_by not in watched:
        yield f"training.select_by: {name} writes {', '.join(watched)} of a {problem}"
    for key, parameters in _parameters(model):
        for parameter, values in parameters.items():
            for value in values:
                if fault := scripts.fault_of(parameter, value, problem):
                    yield f"training.{key}: {fault} ({name})"
    for gate in model.gates:
        # What the training watched has no counterpart in a version that is live already.
        of_training = watched if isinstance(gate, Gate) else []
        allowed = (*MEASURED[problem], *of_training)
        if isinstance(gate, Gate | ProductionGate) and gate.metric not in allowed:
            yield (
                f"gates: {gate.metric} is not measured of a {problem} by {name}; allowed: "
                f"{', '.join(allowed)}. A metric of your own needs a folder of your own"
            )
    if not scripts.any_column:
        yield from _plain_columns(model, columns, nullable)


def _parameters(model: ModelSpec) -> Iterator[tuple[str, dict[str, tuple[int | float | str, ...]]]]:
    """Return every value that a hyperparameter may have, by the key that says so."""
    training = model.training
    yield "hyperparameters", {name: (value,) for name, value in training.hyperparameters.items()}
    for number, candidate in enumerate(training.candidates):
        yield f"candidates.{number}", {name: (value,) for name, value in candidate.items()}
    for name, dimension in training.search.space.items() if training.search else ():
        bounds = [b for b in (dimension.low, dimension.high) if b is not None]
        yield "search.space", {name: dimension.choices or tuple(bounds)}


def _plain_columns(model: ModelSpec, columns: Columns, nullable: frozenset[str]) -> Iterator[str]:
    """Say which columns a line cannot weigh: codes of categories, and missing numbers."""
    training = model.training
    for name in training.features:
        feature = columns.get(name)
        if name in training.one_hot or feature is None:
            continue
        if feature.type == "String":
            yield f"training.features: {name} is a String; {training.scripts} takes it `one_hot`"
        elif name in nullable and name not in training.impute:
            yield (
                f"training.features: {name} may be empty, which {training.scripts} does not take; "
                f"say `impute: {{{name}: median}}`"
            )
