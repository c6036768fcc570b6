"""Use cases: one YAML file each, with data, feature groups and one or more models.

DAGs are generated from these files, so reading them is cheap: libyaml, pydantic, and a cache
that follows the file. Every mistake names file, dotted key and what is allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cached_property, partial
from typing import Annotated, ClassVar, Literal

from pydantic import Field, PrivateAttr, StringConstraints, field_validator

from causeway.documents import CONFIG_DIR, Strict, check_together
from causeway.errors import ConfigError
from causeway.names import NAME_LENGTH, DashedName
from causeway.plain_texts import LONGEST, is_plain
from causeway.topology.access_rules import AccessRule
from causeway.use_cases.contracts import Feature, FeatureGroup, RawData
from causeway.use_cases.dataset_specs import (
    Dataset,
    JoinedGroup,
    columns_of,
    nullable_of,
    time_of,
)
from causeway.use_cases.gate_specs import AnyGate, CalibrationGate, FairnessGate, Gate, Protected
from causeway.use_cases.job_scripts import BINARY, REGRESSION
from causeway.use_cases.labels import classes_of
from causeway.use_cases.model_checks import JOBS_DIR, check_model
from causeway.use_cases.raw_sources import (
    RawSource,
    faults_of_names,
    raw_sources,
    refuse_twice,
)
from causeway.use_cases.resource_specs import Deployment, Resources
from causeway.use_cases.stages import UNACCEPTABLE, UseCaseRisk
from causeway.use_cases.training_specs import Split, Training

__all__ = [
    "JOBS_DIR",
    "Deployment",
    "Gate",
    "ModelSpec",
    "Split",
    "Training",
    "UseCase",
]

USE_CASES_DIR = CONFIG_DIR / "use_cases"
EVALUATION_SCRIPT = "evaluate.py"

ModelRisk = Literal["high", "medium", "low", "unknown"]
ProblemType = Literal["binary classification", "multi-class classification", "regression"]
#: Ids and names of models; with dashes they are names of endpoints and parts of others.
Identifier = Annotated[
    str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(_[a-z0-9]+)*$", max_length=NAME_LENGTH)
]


class Processing(Resources):
    """What processing jobs run on; the scripts are those of `jobs/<use case>`.

    The image has to have the packages that the scripts import.
    """

    image: str


class Approvers(Strict):
    """The people entitled to decide on entry into each stage."""

    test: tuple[str, ...] = Field(min_length=1)
    production: tuple[str, ...] = Field(min_length=1)


class ModelSpec(Strict):
    """One model of a use case."""

    name: Identifier
    group: DashedName
    description: Annotated[str, StringConstraints(max_length=1024)] = ""
    problem_type: ProblemType = "binary classification"
    purpose: str = ""
    risk: ModelRisk
    dataset: Dataset = Dataset.model_construct()
    training: Training
    protected: dict[str, Protected] = Field(default_factory=dict)
    gates: tuple[AnyGate, ...] = Field(min_length=1)
    trainer: str
    approvers: Approvers
    #: Below CloudTrail's 90 days, in which the call behind a decision can be looked up.
    approval_valid_days: Annotated[int, Field(ge=1, le=89)] = 30
    deployment: Deployment

    @property
    def metric_gates(self) -> tuple[Gate, ...]:
        """The bounds on metrics alone: what a live endpoint can be held against."""
        return tuple(gate for gate in self.gates if isinstance(gate, Gate))

    @property
    def endpoint(self) -> str:
        """The endpoint's name, the same in test and production."""
        return self.name.replace("_", "-")

    def check(self) -> None:
        """Refuse what does not fit together in the model itself."""
        check_together(self._check_gates, self._check_four_eyes)

    def _check_gates(self) -> None:
        if self.training.route == "pipeline" and not self.metric_gates:
            raise ValueError("gates: the condition of a pipeline needs a gate of kind metric")
        attributes = {gate.attribute for gate in self.gates if isinstance(gate, FairnessGate)}
        strangers = sorted(attributes - self.protected.keys())
        if strangers:
            raise ValueError(
                f"gates: fairness of no protected attribute: {', '.join(strangers)}; "
                f"allowed: {', '.join(sorted(self.protected)) or 'none is declared'}"
            )
        kinds = {type(gate) for gate in self.gates}
        if self.problem_type == REGRESSION and (FairnessGate in kinds or self.protected):
            raise ValueError("gates: fairness is of classes, not of a regression")
        if self.problem_type != BINARY and CalibrationGate in kinds:
            raise ValueError(f"gates: calibration is of a {BINARY}, not of a {self.problem_type}")

    def _check_four_eyes(self) -> None:
        """Refuse approvers among whom two different people, neither the trainer, cannot be."""
        eligible: set[str] = set()
        stages = {"test": self.approvers.test, "production": self.approvers.production}
        for stage, people in stages.items():
            others = set(people) - {self.trainer}
            if not others:
                raise ValueError(
                    f"approvers.{stage}: {self.trainer} trains the model and may not "
                    "decide on it; add another person"
                )
            eligible |= others
        if len(eligible) == 1:
            raise ValueError(
                f"approvers: {eligible.pop()} alone would decide on test and on "
                "production; add another person to one of the two"
            )


class UseCase(Strict):
    """A use case: who owns it, what data it has, which models it trains."""

    MOVED: ClassVar[Mapping[str, str]] = {
        "stage": "take the key out: the stage of a use case is in its record, which people decide "
        "on (docs/use-case-life.md)"
    }

    id: Identifier
    name: str
    risk: UseCaseRisk
    owner: str
    line_of_business: str
    project: str
    #: The raw file, or several by the names of their sources: one of the two keys.
    data: RawData | None = None
    sources: dict[Identifier, RawData] = Field(default_factory=dict)
    processing: Processing
    #: What `evaluate.py` runs on: it loads the model, so its image has what training's has.
    evaluation: Processing
    feature_groups: tuple[FeatureGroup, ...] = Field(min_length=1)
    models: tuple[ModelSpec, ...] = Field(min_length=1)
    access: tuple[AccessRule, ...] | None = None
    #: The feature groups of other use cases that its models read, once their files were read.
    _of_others: tuple[FeatureGroup, ...] | None = PrivateAttr(default=None)

    def scripts_of(self, model: ModelSpec) -> str:
        """Return the folder of the scripts that a model is trained with."""
        return model.training.scripts or self.id

    def classes(self, model: ModelSpec) -> tuple[str, ...]:
        """Return the classes that a model tells apart, in the order of its answers."""
        label = self.columns(model).get(model.training.label)
        return classes_of(model.training, model.problem_type, label)

    def runs_on(self, script: str) -> Processing:
        """Return what a script's processing job runs on."""
        return self.evaluation if script == EVALUATION_SCRIPT else self.processing

    @field_validator("risk", mode="before")
    @classmethod
    def _acceptable(cls, value: object) -> object:
        if value == UNACCEPTABLE:
            raise ValueError(
                "a use case of unacceptable risk is refused; allowed: high, limited, minimal"
            )
        return value

    @field_validator("owner")
    @classmethod
    def _tag(cls, value: str) -> str:
        if not is_plain(value):
            raise ValueError(
                f"{value!r} becomes a tag, which AWS takes with letters, digits, blanks and "
                f"_.:/=+-@, {LONGEST} characters at most"
            )
        return value

    def check(self) -> None:
        """Refuse parts that do not fit each other, such as a feature and its column."""
        groups = [group.name for group in self.feature_groups]
        check_together(
            self._check_sources,
            lambda: refuse_twice(groups, "feature_groups: names stand twice"),
            *(
                partial(self._check_columns, model)
                for model in self.models
                if not model.dataset.of_others  # else once those groups are there
            ),
            lambda: refuse_twice([m.name for m in self.models], "models: names stand twice"),
            lambda: refuse_twice([m.group for m in self.models], "models: groups stand twice"),
            *(partial(_at, f"models.{model.name}", model.check) for model in self.models),
        )

    def _check_sources(self) -> None:
        if faults := list(faults_of_names(self.data, self.sources, self.feature_groups)):
            raise ValueError("\n".join(faults))
        check_together(*(source.check for source in self.raw_sources))

    def _check_columns(self, model: ModelSpec) -> None:
        names = set(self.columns(model))
        if model.dataset.mode == "point_in_time":
            names.add(time_of(model.dataset, self.groups_of(model)))
        columns = [*model.training.features, model.training.label]
        columns += [protected.feature for protected in model.protected.values()]
        columns += [model.training.split.time_column] if model.training.split.time_column else []
        strangers = [name for name in columns if name not in names]
        if strangers:
            raise ValueError(
                f"models.{model.name}.training: uses columns that its dataset lacks: "
                f"{', '.join(strangers)}; allowed: {', '.join(sorted(names))}"
            )
        nullable = nullable_of(model.dataset, self.groups_of(model))
        check_model(model, self.columns(model), nullable)

    def columns(self, model: ModelSpec) -> dict[str, Feature | None]:
        """Return the columns of a model's dataset; None for those of the consumer's own table.

        Raises:
            ValueError: the model's declaration of its dataset does not fit the feature groups.
        """
        try:
            return columns_of(model.dataset, self.groups_of(model))
        except ValueError as error:
            raise ValueError(f"models.{model.name}.dataset.{error}") from error

    def groups_of(self, model: ModelSpec) -> tuple[FeatureGroup, ...]:
        """Return the feature groups that a model can read: the use case's, and others' it names."""
        names = {joined.group for joined in model.dataset.of_others}
        return (*self.feature_groups, *(g for g in self._of_others or () if g.name in names))

    def groups_behind(self, model: ModelSpec) -> tuple[FeatureGroup, ...]:
        """Return the feature groups of the raw sources that a model's dataset reads."""
        names = {joined.group for joined in model.dataset.joined(self.feature_groups)}
        sources = [s for s in self.raw_sources if names & {group.name for group in s.groups}]
        return tuple(group for source in sources or self.raw_sources for group in source.groups)

    def with_groups_of(self, others: Mapping[str, UseCase]) -> UseCase:
        """Return the use case with the feature groups that its models read of others, by their id.

        Raises:
            ValueError: there is no such use case or group, or a model does not fit the groups.
        """
        groups: dict[str, FeatureGroup] = {}
        for model in self.models:
            for number, joined in enumerate(model.dataset.groups):
                if joined.use_case is not None:
                    where = f"models.{model.name}.dataset.groups.{number}"
                    groups[joined.group] = _group_of(joined, others, where)
        case = self.model_copy()
        case._of_others = tuple(groups.values())
        for model in case.models:
            if model.dataset.of_others:
                case._check_columns(model)
        return case

    @cached_property
    def raw_sources(self) -> tuple[RawSource, ...]:
        """The raw sources, each with its feature groups; one where the file says `data`."""
        return raw_sources(self.id, self.data, self.sources, self.feature_groups)

    def raw_source(self, name: str | None = None) -> RawSource:
        """Return a raw source by its name; without one the only one.

        Raises:
            ConfigError: the use case has no such source, or several and none is named.
        """
        if name is None and len(self.raw_sources) == 1:
            return self.raw_sources[0]
        for source in self.raw_sources:
            if name is not None and source.name == name:
                return source
        names = [source.name for source in self.raw_sources if source.name]
        raise ConfigError(
            f"use case {self.id} has no source {name!r}"
            if name is not None
            else f"use case {self.id} has several sources, and none is named",
            next_step=f"Name one of: {', '.join(names)}." if names else "It has one: name none.",
        )

    def group(self, name: str) -> FeatureGroup:
        """Return a feature group by its name.

        Raises:
            ConfigError: the use case has no such group.
        """
        for group in self.feature_groups:
            if group.name == name:
                return group
        raise ConfigError(
            f"use case {self.id} has no feature group {name!r}",
            next_step=f"Use one of: {', '.join(g.name for g in self.feature_groups)}.",
        )

    def model(self, name: str) -> ModelSpec:
        """Return a model by its name.

        Raises:
            ConfigError: the use case has no such model.
        """
        for model in self.models:
            if model.name == name:
                return model
        raise ConfigError(
            f"use case {self.id} has no model {name!r}",
            next_step=f"Use one of: {', '.join(m.name for m in self.models)}.",
        )


def _at(path: str, check: Callable[[], None]) -> None:
    """Run a check of a part, and say where the part is."""
    try:
        check()
    except ValueError as error:
        raise ValueError("\n".join(f"{path}.{line}" for line in str(error).splitlines())) from error


def _group_of(joined: JoinedGroup, others: Mapping[str, UseCase], where: str) -> FeatureGroup:
    owner = others.get(joined.use_case or "")
    if owner is None:
        raise ValueError(
            f"{where}.use_case: {joined.use_case!r} is no other use case of this folder; leave the "
            "key out for a group of the use case's own"
        )
    names = {group.name: group for group in owner.feature_groups}
    if joined.group not in names:
        raise ValueError(
            f"{where}.group: {joined.group!r} is no feature group of {owner.id}; "
            f"allowed: {', '.join(names)}"
        )
    return names[joined.group]
