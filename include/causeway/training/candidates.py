"""Training: candidates, deterministic job names, and what to make of jobs that are there already.

A job's name is a function of its inputs, never of a run or the clock. A job name is spent for
good in its account and region, failed or not, so the next attempt takes the next ordinal.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from causeway.digests import canonical_json, sha256
from causeway.errors import ConfigError, JobFailed, NameTaken
from causeway.names import attempt_name
from causeway.statuses import TABLES, Meaning, meaning
from causeway.use_cases.training_specs import HyperParameter, Search, SearchDimension, Training
from causeway.use_cases.use_case import ModelSpec

HyperParameters = Mapping[str, HyperParameter]

#: The job kinds of the chain, as they stand in job names.
FEATURES, PREPROCESS, TRAIN, EVALUATE = "features", "preprocess", "train", "evaluate"


@dataclass(frozen=True)
class TrainingCandidate:
    """One set of hyperparameters to train; `name` is short and stable."""

    name: str
    hyperparameters: HyperParameters

    @property
    def digest(self) -> str:
        """The digest of the hyperparameters."""
        return sha256(canonical_json(dict(self.hyperparameters)))

    def as_strings(self) -> dict[str, str]:
        """The hyperparameters as `CreateTrainingJob` takes them."""
        return {name: str(value) for name, value in self.hyperparameters.items()}


@dataclass(frozen=True)
class DescribedJob:
    """What was found under a job name; `inputs_digest` is read from the job's tags."""

    name: str
    status: str
    failure_reason: str = ""
    inputs_digest: str | None = None


class Adoption(StrEnum):
    """What to do next."""

    CREATE = "create"
    WAIT = "wait"
    DONE = "done"


@dataclass(frozen=True)
class NextJob:
    """The job to create, to wait for, or that is done; `attempt` counts from 1."""

    action: Adoption
    name: str
    attempt: int


def candidates(model: ModelSpec, seed: int | None = None) -> tuple[TrainingCandidate, ...]:
    """Return the model's candidates: those of the use case, or as many others drawn with a seed.

    Those of the use case are listed, or every combination of a grid, or drawn with the seed of the
    search space. The same seed draws the same candidates; none of them equals one of the use case,
    so a seeded training always makes other models.

    Raises:
        ConfigError: the model declares no search space, or one too small to draw from.
    """
    training, search = model.training, model.training.search
    if training.candidates:
        parameter_sets: list[HyperParameters] = [
            {**training.hyperparameters, **candidate} for candidate in training.candidates
        ]
    elif search is not None and search.method == "grid":
        parameter_sets = _grid(training, search)
    else:
        parameter_sets = _draw(model, search.seed if search else 0)
    if seed is None:
        return tuple(
            TrainingCandidate(f"c{number}", merged)
            for number, merged in enumerate(parameter_sets, 1)
        )
    others = _draw(model, seed, parameter_sets, shift=seed)
    return tuple(
        TrainingCandidate(f"s{seed}-c{number}", merged) for number, merged in enumerate(others, 1)
    )


def _grid(training: Training, search: Search) -> list[HyperParameters]:
    """Return every combination, the last name of the space varying fastest."""
    choices = [dimension.choices for dimension in search.space.values()]
    return [
        {**training.hyperparameters, **dict(zip(search.space, picked, strict=True))}
        for picked in itertools.product(*choices)
    ]


def _draw(
    model: ModelSpec, seed: int, others: Sequence[HyperParameters] = (), shift: int = 0
) -> list[HyperParameters]:
    """Draw as many candidates as the use case has, none twice and none that is taken.

    `shift` is added to a `seed` among the hyperparameters.
    """
    training, search = model.training, model.training.search
    if search is None:
        raise ConfigError(
            f"model {model.name}: training.search is empty, so no candidates can be drawn",
            next_step="Add choices under training.search.space, or leave the seed out.",
        )
    draw = random.Random(seed)  # noqa: S311 - reproducible draws, nothing secret
    texts = {canonical_json(dict(item)) for item in others}
    draws: list[HyperParameters] = []
    for _ in range(1000):
        if len(draws) == training.count:
            return draws
        picked = {name: _picked(draw, d) for name, d in sorted(search.space.items())}
        merged: dict[str, HyperParameter] = {**training.hyperparameters, **picked}
        if isinstance(merged.get("seed"), int):
            merged["seed"] = int(merged["seed"]) + shift
        text = canonical_json(merged)
        if text not in texts:
            texts.add(text)
            draws.append(merged)
    raise ConfigError(
        f"model {model.name}: training.search holds too few combinations for "
        f"{training.count} candidates",
        next_step="Add choices to training.search.space.",
    )


def _picked(draw: random.Random, dimension: SearchDimension) -> HyperParameter:
    if dimension.low is None or dimension.high is None:
        return draw.choice(dimension.choices)
    low, high = dimension.low, dimension.high
    whole = isinstance(low, int) and isinstance(high, int)
    if dimension.log:
        value = math.exp(draw.uniform(math.log(low), math.log(high)))
    elif whole:
        return draw.randint(int(low), int(high))
    else:
        value = draw.uniform(low, high)
    # Six digits: a name and a log line are made of it.
    return min(int(high), max(int(low), round(value))) if whole else float(f"{value:.6g}")


def metric_definitions(training: Training) -> dict[str, str]:
    """Return the figures that SageMaker reads from a training job's log: name -> expression."""
    metric = training.select_by.partition("_")[2]
    return {f"{part}:{metric}": rf"{part}-{metric}:([0-9.]+)" for part in ("train", "validation")}


def inputs_digest(**inputs: str | Mapping[str, str]) -> str:
    """Return the digest of named inputs (digests, URIs, versions), whatever their order."""
    return sha256(canonical_json(inputs))


def code_digest(files: Mapping[str, bytes]) -> str:
    """Return the digest of a job's scripts: names and contents, whatever their order."""
    return sha256(canonical_json({name: sha256(content) for name, content in files.items()}))


def next_job(
    first_name: str,
    described: Sequence[DescribedJob],
    max_attempts: int,
    inputs: str | None = None,
    enum: str = "TrainingJobStatus",
) -> NextJob:
    """Decide from the attempts that exist: adopt one, start the next, or give up.

    Args:
        first_name: the name of the first attempt; the others end in `-a2`, `-a3`, …
        described: the attempts found, in order, without a gap.
        max_attempts: after so many failed attempts the job has failed.
        inputs: the digest of the inputs; an attempt made from others is refused.
        enum: the botocore enum of the statuses.

    Raises:
        JobFailed: the last allowed attempt failed or was stopped.
        NameTaken: an attempt was made from other inputs, or has a status that is unknown.
    """
    for attempt, job in enumerate(described, start=1):
        expected = attempt_name(first_name, attempt)
        if job.name != expected:
            raise NameTaken(
                f"expected job {expected} as attempt {attempt}, found {job.name}",
                next_step="Describe the attempts in order, without a gap.",
            )
        if inputs and job.inputs_digest and job.inputs_digest != inputs:
            raise NameTaken(
                f"job {job.name} exists, but was made from other inputs "
                f"({job.inputs_digest[:12]}, not {inputs[:12]})",
                next_step="Find out who made it; job names belong to their inputs.",
            )
        if job.status not in TABLES[enum]:
            raise NameTaken(
                f"job {job.name} has a status that is unknown here: {job.status!r}",
                next_step="Look at the job; unknown is not success.",
            )
        meant = meaning(enum, job.status)
        if meant is Meaning.WAITING:
            return NextJob(Adoption.WAIT, job.name, attempt)
        if meant is Meaning.SUCCESS:
            return NextJob(Adoption.DONE, job.name, attempt)
    attempt = len(described) + 1
    if attempt > max_attempts:
        last = described[-1]
        raise JobFailed(
            f"job {last.name} is {last.status} after {len(described)} attempt(s): "
            f"{last.failure_reason or 'no reason given'}",
            next_step="Read the job's log; change code, data or parameters, and run again.",
        )
    return NextJob(Adoption.CREATE, attempt_name(first_name, attempt), attempt)
