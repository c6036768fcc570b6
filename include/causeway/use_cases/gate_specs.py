"""The gates that a use case may declare for a model, one kind each.

A gate has three answers. The use case declares what an inconclusive one does: it blocks, unless the
gate says `inconclusive: pass`. The report shows either way that the gate was inconclusive.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal, Union

from pydantic import Discriminator, Field, Tag, model_validator

from causeway.documents import Strict
from causeway.names import FeatureName
from causeway.use_cases.metric_directions import MetricName, is_more_better, known_direction


class AnyKind(Strict):
    """What every gate declares."""

    inconclusive: Literal["block", "pass"] = "block"


class Gate(AnyKind):
    """A bound that a metric of the held-out test part must keep."""

    kind: Literal["metric"] = "metric"
    metric: MetricName
    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Gate:
        if self.min is None and self.max is None:
            raise ValueError(f"{self.metric}: give `min`, `max` or both")
        if self.min is not None and self.max is not None and self.min > self.max:
            raise ValueError(
                f"{self.metric}: `min: {self.min:g}` lies above `max: {self.max:g}`, so that "
                "nothing passes"
            )
        worse = {True: "min", False: "max", None: None}[known_direction(self.metric)]
        if worse is not None and getattr(self, worse) is None:
            better = "more" if worse == "min" else "less"
            raise ValueError(f"{self.metric}: {better} of it is better, so a gate needs `{worse}`")
        return self


class ProductionGate(AnyKind):
    """Not worse than the version now in production, on the same held-out rows, by `margin`.

    Where no version is in production there is nothing to compare with, and the gate passes as
    the first version's; the report says so. The metric has to be measured even then.
    """

    kind: Literal["production"]
    metric: MetricName
    margin: Annotated[float, Field(ge=0)] = 0.0
    #: For a metric of the model's own; the usual ones are known by their names.
    higher_is_better: bool | None = None

    @model_validator(mode="after")
    def _directed(self) -> ProductionGate:
        is_more_better(self.metric, self.higher_is_better, "higher_is_better")
        return self

    @property
    def more_is_better(self) -> bool:
        """Whether more of the metric is better."""
        return is_more_better(self.metric, self.higher_is_better, "higher_is_better")


class CalibrationGate(AnyKind):
    """Bounds on calibration: expected calibration error, Brier score, or both."""

    kind: Literal["calibration"]
    max_ece: Annotated[float, Field(gt=0, le=1)] | None = None
    max_brier: Annotated[float, Field(gt=0, le=1)] | None = None

    @model_validator(mode="after")
    def _bounded(self) -> CalibrationGate:
        if self.max_ece is None and self.max_brier is None:
            raise ValueError("give `max_ece`, `max_brier` or both")
        return self


class FairnessGate(AnyKind):
    """How far the groups of a protected attribute may lie apart.

    `demographic_parity` compares the share of each group that gets the favourable answer,
    `equal_opportunity` the same among those whose label is favourable. A group of fewer than
    `min_rows` (of those that the measure counts) says nothing.
    """

    kind: Literal["fairness"]
    attribute: str
    measure: Literal["demographic_parity", "equal_opportunity"]
    max_difference: Annotated[float, Field(gt=0, le=1)]
    min_rows: Annotated[int, Field(ge=1)] = 30


class DriftGate(AnyKind):
    """How far the held-out rows may lie from the training snapshot, feature by feature.

    `psi` is the population stability index, `ks` the two-sample Kolmogorov-Smirnov distance
    (of numbers; coded features have none).
    """

    kind: Literal["drift"]
    statistic: Literal["psi", "ks"]
    max: Annotated[float, Field(gt=0)]
    features: tuple[FeatureName, ...] = ()
    min_rows: Annotated[int, Field(ge=1)] = 100


class SampleGate(AnyKind):
    """How many held-out rows the evaluation must stand on, and how many of each class."""

    kind: Literal["sample"]
    min_rows: Annotated[int, Field(ge=1)]
    min_of_each_class: Annotated[int, Field(ge=0)] = 0


class SourceGate(AnyKind):
    """Whether rows that are invented may train a model that goes on to test and production.

    It holds for every model, and refuses them where the model declares nothing else.
    """

    kind: Literal["source"]
    synthetic: Literal["refuse", "allow"] = "refuse"


def with_source(gates: Sequence[AnyGate]) -> tuple[AnyGate, ...]:
    """Return the gates with the one on the source, which holds unless it is declared."""
    if any(isinstance(gate, SourceGate) for gate in gates):
        return tuple(gates)
    return (*gates, SourceGate(kind="source"))


def _kind(value: Any) -> str:
    """Return a gate's kind; what names none is taken for a bound on a metric."""
    if isinstance(value, dict):
        return str(value.get("kind", "metric"))
    return str(getattr(value, "kind", "metric"))


AnyGate = Annotated[
    Union[  # noqa: UP007 - pydantic reads the tags of a Union that is spelt out
        Annotated[Gate, Tag("metric")],
        Annotated[ProductionGate, Tag("production")],
        Annotated[CalibrationGate, Tag("calibration")],
        Annotated[FairnessGate, Tag("fairness")],
        Annotated[DriftGate, Tag("drift")],
        Annotated[SampleGate, Tag("sample")],
        Annotated[SourceGate, Tag("source")],
    ],
    Discriminator(_kind),
]


class Protected(Strict):
    """The groups of people that a protected attribute makes, by codes or by bands of a feature.

    `bands` are the bounds between the groups: `[25]` makes those below 25 and those of 25 and more.
    """

    feature: FeatureName
    codes: dict[str, tuple[int | str, ...]] = Field(default_factory=dict)
    bands: tuple[float, ...] = ()

    @model_validator(mode="after")
    def _one_way(self) -> Protected:
        if bool(self.codes) == bool(self.bands):
            raise ValueError(f"{self.feature}: give either `codes` or `bands`")
        if list(self.bands) != sorted(set(self.bands)):
            raise ValueError(f"{self.feature}: bands must rise")
        all_codes = [str(code) for codes in self.codes.values() for code in codes]
        if len(all_codes) != len(set(all_codes)) or len(self.codes) == 1:
            raise ValueError(f"{self.feature}: codes: two groups or more, no code in two of them")
        return self
