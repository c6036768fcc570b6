"""How a model is trained, as a use case declares it: inputs, split, candidates, search space."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from causeway.documents import Strict
from causeway.names import FeatureName
from causeway.use_cases.metric_directions import is_more_better
from causeway.use_cases.resource_specs import Resources

HyperParameter = int | float | str


class Split(Strict):
    """How the records, ordered by their id, become training, validation and test part.

    `published` shuffles them with the seed, first training against the rest, then the rest into
    validation and test. `stratified` does the same with the label's shares kept. `by_time` orders
    by `time_column` and shuffles nothing: the test part is the latest.
    """

    method: Literal["published", "stratified", "by_time"] = "published"
    test_size: Annotated[float, Field(gt=0, lt=1)]
    holdout_test_size: Annotated[float, Field(gt=0, lt=1)] = 0.5
    random_state: int = 0
    time_column: FeatureName | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Split:
        if (self.method == "by_time") != (self.time_column is not None):
            raise ValueError("`by_time` needs `time_column`, and no other method has one")
        return self


class SearchDimension(Strict):
    """What a drawn candidate may have for one hyperparameter: choices, or a range of numbers.

    A range of two whole numbers draws whole numbers; `log` draws evenly over magnitudes.
    """

    choices: tuple[HyperParameter, ...] = ()
    low: int | float | None = None
    high: int | float | None = None
    log: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> SearchDimension:
        ranged = self.low is not None and self.high is not None
        if bool(self.choices) == ranged:
            raise ValueError("give either `choices`, or `low` and `high`")
        if self.low is not None and self.high is not None and self.low >= self.high:
            raise ValueError("`low` must lie below `high`")
        if self.log and (self.low is None or self.low <= 0):
            raise ValueError("`log` needs a positive `low`")
        return self


class Search(Strict):
    """Where candidates come from when they are not listed, and where `seed` draws others.

    `grid` takes every combination of the choices, `random` draws `count` of them with `seed`.
    """

    method: Literal["grid", "random"] = "random"
    count: Annotated[int, Field(ge=1, le=100)] | None = None
    seed: int = 0
    space: dict[str, SearchDimension] = Field(min_length=1)

    @model_validator(mode="after")
    def _countable(self) -> Search:
        if self.method == "grid":
            ranged = [name for name, dimension in self.space.items() if not dimension.choices]
            if ranged:
                raise ValueError(f"a grid needs choices: {', '.join(ranged)}")
            if self.count is not None:
                raise ValueError("a grid takes every combination; `count` is for `random`")
            if self.combinations > 100:
                raise ValueError(f"the grid has {self.combinations:.0f} combinations, 100 at most")
        return self

    @property
    def combinations(self) -> float:
        """How many candidates the space holds; a range counts as endless."""
        return math.prod(
            len(dimension.choices) if dimension.choices else math.inf
            for dimension in self.space.values()
        )


class Training(Resources):
    """How a model is trained: inputs, split, base hyperparameters and candidates."""

    #: `tasks`: one Airflow task a job. `pipeline`: one SageMaker pipeline that Airflow follows.
    route: Literal["tasks", "pipeline"] = "tasks"
    image: str
    #: The folder of `include/jobs` with `train.py` and `evaluate.py`; by default the use case's id.
    scripts: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")] | None = None
    features: tuple[FeatureName, ...] = Field(min_length=1)
    #: Features that get a column for each category; another String becomes a category's code.
    one_hot: tuple[FeatureName, ...] = ()
    #: What a missing number is replaced by: a statistic of the training part.
    impute: dict[FeatureName, Literal["median", "mean"]] = Field(default_factory=dict)
    label: FeatureName
    #: The class that counts as favourable, and whose probability the score of two classes is;
    #: by default 1, or the last of the label's codes.
    favourable: int | str | None = None
    #: A score of so much and more is the favourable answer.
    threshold: Annotated[float, Field(gt=0, lt=1)] = 0.5
    #: The label is divided by this; what the model predicts, and every metric, is in that unit.
    label_scale: Annotated[float, Field(gt=0)] = 1
    split: Split
    #: `validation_<metric>`, as the training job prints and writes it each round.
    select_by: Annotated[str, StringConstraints(pattern=r"^validation_[a-z0-9]+$")] = (
        "validation_auc"
    )
    #: For a metric of the model's own; the usual ones are known by their names.
    maximise: bool | None = None
    hyperparameters: dict[str, HyperParameter]
    candidates: tuple[dict[str, HyperParameter], ...] = ()
    search: Search | None = None
    max_attempts: Annotated[int, Field(ge=1, le=9)] = 3
    #: How many candidates of a run train side by side.
    parallel: Annotated[int, Field(ge=1, le=100)] = 8
    #: On how many stratified splits the best is trained again, to say how far its metrics vary.
    repeated_splits: Annotated[int, Field(ge=0, le=100)] = 0

    @model_validator(mode="after")
    def _consistent(self) -> Training:
        is_more_better(self.select_by, self.maximise, "maximise")
        for key, names in (("one_hot", self.one_hot), ("impute", self.impute)):
            if strangers := [name for name in names if name not in self.features]:
                raise ValueError(
                    f"{key}: not among the features: {', '.join(strangers)}; "
                    f"allowed: {', '.join(self.features)}"
                )
        if self.label in self.features:
            raise ValueError(f"features: holds the label {self.label}")
        if self.route == "pipeline" and self.count != 1:
            raise ValueError("route: a pipeline trains one candidate; `tasks` compares several")
        if self.count == 0:
            raise ValueError(
                "candidates: list some, or give `search` with `method: grid` or a `count`"
            )
        merged = [tuple(sorted({**self.hyperparameters, **c}.items())) for c in self.candidates]
        repeated = [index for index, item in enumerate(merged) if merged.index(item) != index]
        if repeated:
            raise ValueError(f"candidates.{repeated[0]}: the same as an earlier candidate")
        return self

    @property
    def more_is_better(self) -> bool:
        """Whether more of the metric that candidates are chosen by is better."""
        return is_more_better(self.select_by, self.maximise, "maximise")

    @property
    def count(self) -> int:
        """How many candidates a training has, drawn with another seed or not."""
        if self.candidates:
            return len(self.candidates)
        if self.search is None:
            return 0
        if self.search.method == "grid":
            return int(self.search.combinations)
        return self.search.count or 0
