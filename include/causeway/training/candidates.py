"""Candidates: the sets of hyperparameters that a training compares, listed or drawn with a seed."""

from __future__ import annotations

import itertools
import math
import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from causeway.digests import canonical_json, sha256
from causeway.errors import ConfigError
from causeway.topology.accounts import Topology
from causeway.use_cases.training_specs import HyperParameter, Search, SearchDimension, Training
from causeway.use_cases.use_case import ModelSpec

#: The repository that SageMaker takes for an algorithm, unless it is a copy in an own account.
_ALGORITHM: Final = re.compile(r"(?P<registry>\d{12})\.dkr\.ecr\.[^/]+/sagemaker-xgboost[:@]")

HyperParameters = Mapping[str, HyperParameter]


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


def metric_definitions(training: Training, topology: Topology) -> dict[str, str]:
    """Return the figures that SageMaker reads from a training job's log: name -> expression.

    None for AWS's own XGBoost image: SageMaker takes it for one of its algorithms, whose metric
    definitions are fixed. The candidates are compared by what the job writes, not by these.
    """
    uri = _ALGORITHM.match(topology.image(training.image))
    if uri and uri["registry"] not in topology.accounts.values():
        return {}
    metric = training.select_by.partition("_")[2]
    return {f"{part}:{metric}": rf"{part}-{metric}:([0-9.]+)" for part in ("train", "validation")}
