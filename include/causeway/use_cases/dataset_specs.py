"""The key `dataset` of a model: how its table is put together from feature groups.

Without the key it is the latest record of every group of the use case, joined on the identifier.
The rows come from the spine: the first group, or a table of the consumer's own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from causeway.documents import Strict
from causeway.instants import parse_instant
from causeway.names import FeatureName
from causeway.use_cases.contracts import Feature, FeatureGroup, FeatureType
from causeway.use_cases.stores import TableName

#: What becomes of a row of the spine without a record in a joined group: left out, a failed task,
#: or empty values. Whatever it is, such rows are counted and the count is logged.
Missing = Literal["drop", "refuse", "null"]
DatasetMode = Literal["latest", "point_in_time"]


class JoinedGroup(Strict):
    """One feature group of the dataset.

    `use_case` names the use case that owns the group, where that is another; its `access` has to
    let the consumer read. `on` is the column that holds this group's identifiers, by its name in
    the dataset: of the spine, or of a group before this one; without it, the spine's identifier.
    `features` are some of the group's, without it all of them; `rename` gives them other names.
    `database` is the Glue database by the consumer's name for it, where that is another than the
    owner's.
    """

    group: str
    use_case: str | None = None
    on: FeatureName | None = None
    features: tuple[FeatureName, ...] | None = Field(default=None, min_length=1)
    rename: dict[FeatureName, FeatureName] = Field(default_factory=dict)
    missing: Missing | None = None
    database: TableName | None = None


class OwnTable(Strict):
    """A table of the consumer's own catalogue; its rows are the dataset's.

    `columns` maps its columns to their names in the dataset. `codes` are what some of them hold, by
    those names, and what each means: classes of a label, categories. Of the others no more than the
    name is known.
    """

    database: TableName
    table: TableName
    record_identifier: FeatureName
    event_time: FeatureName
    event_time_type: Literal["String", "Fractional"] = "String"
    columns: dict[FeatureName, FeatureName] = Field(min_length=1)
    codes: dict[FeatureName, dict[int | str, str]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _of_columns(self) -> OwnTable:
        names = list(self.columns.values())
        if strangers := [name for name in self.codes if name not in names]:
            raise ValueError(
                f"codes: {', '.join(strangers)}: no column of the dataset; allowed: "
                f"{', '.join(names)}"
            )
        return self

    def described(self) -> dict[str, Feature | None]:
        """Return its columns by their names in the dataset: as a feature where it has codes."""
        return {name: self._coded(name, column) for column, name in self.columns.items()}

    def _coded(self, name: str, column: str) -> Feature | None:
        codes = self.codes.get(name)
        if not codes:
            return None
        kind: FeatureType = "Integral" if all(isinstance(c, int) for c in codes) else "String"
        return Feature(name=name, type=kind, source=column, codes=codes, nullable=True)


class Dataset(Strict):
    """A model's dataset.

    `point_in_time`: each row of the spine sees what was known at its event time, nothing later;
    `latest`: the present records. `cut_off`: writes after it do not count, whenever it is built.
    """

    mode: DatasetMode = "latest"
    missing: Missing = "drop"
    cut_off: str | None = None
    catalog: Annotated[str, Field(pattern=r"^[A-Za-z0-9_]+$")] | None = None
    database: TableName | None = None
    table: OwnTable | None = None
    groups: tuple[JoinedGroup, ...] = ()

    @field_validator("cut_off")
    @classmethod
    def _instant(cls, value: str | None) -> str | None:
        if value is not None:
            parse_instant(value)
        return value

    @model_validator(mode="after")
    def _of_the_spine(self) -> Dataset:
        first = self.groups[0] if self.groups and self.table is None else None
        if first is not None and first.on is not None:
            raise ValueError(
                "groups.0.on: the first group is the spine, which is joined on nothing"
            )
        if first is not None and first.missing is not None:
            raise ValueError("groups.0.missing: the first group is the spine; its rows are there")
        return self

    @property
    def until(self) -> datetime | None:
        """The time after which writes do not count."""
        return parse_instant(self.cut_off) if self.cut_off else None

    def joined(self, groups: Sequence[FeatureGroup]) -> tuple[JoinedGroup, ...]:
        """Return the groups of the dataset, in order: those declared, else all that are offline."""
        return self.groups or tuple(
            JoinedGroup(group=group.name) for group in groups if group.offline.enabled
        )

    @property
    def of_others(self) -> tuple[JoinedGroup, ...]:
        """The groups that belong to other use cases."""
        return tuple(joined for joined in self.groups if joined.use_case is not None)

    def missing_of(self, joined: JoinedGroup) -> Missing:
        """Return what becomes of rows without a record in a group."""
        return joined.missing or self.missing


def renamed(joined: JoinedGroup, group: FeatureGroup) -> dict[str, str]:
    """Return the features that enter the dataset by their names in it."""
    names = joined.features or group.feature_names
    return {name: joined.rename.get(name, name) for name in names}


def columns_of(dataset: Dataset, groups: Sequence[FeatureGroup]) -> dict[str, Feature | None]:
    """Return the columns of a dataset by name: their feature, None for one of the own table's.

    Raises:
        ValueError: the declaration does not fit the feature groups; the text begins with the key.
    """
    by_name = {group.name: group for group in groups}
    columns: dict[str, Feature | None] = {}
    origins: dict[str, str] = {}
    if dataset.table is not None:
        columns |= dataset.table.described()
        origins = dict.fromkeys(columns, "table.columns")
        _refuse_twice(list(dataset.table.columns.values()), "table.columns")
    names: set[str] = set()
    if not dataset.joined(groups):
        raise ValueError("groups: no feature group of the use case has an offline store")
    for number, joined in enumerate(dataset.joined(groups)):
        where = f"groups.{number}"
        group = _group(joined, by_name, where)
        if group.name in names:
            raise ValueError(f"{where}.group: {group.name} stands twice")
        names.add(group.name)
        _check_on(dataset, joined, groups, columns, where)
        for name, feature in _features(joined, group, where):
            if name in columns:
                raise ValueError(
                    f"{where}: {origins[name]} has a column {name}, too; rename one of them "
                    f"with {where}.rename"
                )
            columns[name], origins[name] = feature, where
    reserved = identifier_of(dataset, groups)
    times = {time_of(dataset, groups)} if dataset.mode == "point_in_time" else set()
    for name in sorted(({reserved} | times) & columns.keys()):
        raise ValueError(f"{origins[name]}: {name} is the identifier or event time; rename it")
    return columns


def _check_on(
    dataset: Dataset,
    joined: JoinedGroup,
    groups: Sequence[FeatureGroup],
    before: Mapping[str, Feature | None],
    where: str,
) -> None:
    """Refuse a group that is joined on what cannot hold its identifiers, which are texts.

    `before` are the columns that the dataset has already.
    """
    keys = [identifier_of(dataset, groups), *(n for n, f in before.items() if _may_be_key(f))]
    if joined.on is None and _is_of_another_source(dataset, joined, groups):
        raise ValueError(
            f"{where}.on: the key is missing: {joined.group} is of another raw source than the "
            f"rows, with ids of its own; name the column that holds them; allowed: "
            f"{', '.join(keys)}"
        )
    if joined.on is not None and joined.on not in keys:
        fault = "String, as identifiers are" if joined.on in before else "column before it"
        raise ValueError(f"{where}.on: {joined.on!r} is no {fault}; allowed: {', '.join(keys)}")


def _may_be_key(feature: Feature | None) -> bool:
    return feature is None or (feature.type == "String" and feature.time is None)


def _is_of_another_source(
    dataset: Dataset, joined: JoinedGroup, groups: Sequence[FeatureGroup]
) -> bool:
    first = dataset.joined(groups)[0]
    if dataset.table is not None or joined.use_case or first.use_case:
        return False
    sources = {group.name: group.raw_source for group in groups}
    return sources[joined.group] != sources[first.group]


def nullable_of(dataset: Dataset, groups: Sequence[FeatureGroup]) -> frozenset[str]:
    """Return the columns that may be empty: by contract, or by a join that leaves rows without.

    Nobody knows it of the consumer's own table, which is read as it is: those with codes may.
    """
    by_name = {group.name: group for group in groups}
    nullable: set[str] = set(dataset.table.codes) if dataset.table else set()
    for number, joined in enumerate(dataset.joined(groups)):
        group = by_name[joined.group]
        is_spine = number == 0 and dataset.table is None
        gaps = not is_spine and dataset.missing_of(joined) == "null"
        may = {feature.name for feature in group.features if feature.nullable or gaps}
        nullable |= {here for name, here in renamed(joined, group).items() if name in may}
    return frozenset(nullable)


def identifier_of(dataset: Dataset, groups: Sequence[FeatureGroup]) -> str:
    """Return the dataset's column that identifies its rows."""
    if dataset.table is not None:
        return dataset.table.record_identifier
    return _spine(dataset, groups).record_identifier


def time_of(dataset: Dataset, groups: Sequence[FeatureGroup]) -> str:
    """Return the column of the event time, which a point-in-time dataset has."""
    return (dataset.table or _spine(dataset, groups)).event_time


def _spine(dataset: Dataset, groups: Sequence[FeatureGroup]) -> FeatureGroup:
    first = dataset.joined(groups)[0].group
    return next((group for group in groups if group.name == first), groups[0])


def _group(joined: JoinedGroup, groups: Mapping[str, FeatureGroup], where: str) -> FeatureGroup:
    group = groups.get(joined.group)
    if group is None:
        raise ValueError(
            f"{where}.group: {joined.group!r} is no feature group of the use case; "
            f"allowed: {', '.join(groups)}; of another one with its `use_case`"
        )
    if not group.offline.enabled:
        raise ValueError(f"{where}.group: {group.name} has no offline store to read from")
    return group


def _features(
    joined: JoinedGroup, group: FeatureGroup, where: str
) -> Iterator[tuple[str, Feature]]:
    by_name = {feature.name: feature for feature in group.features}
    for key, names, allowed in (
        ("features", joined.features or (), by_name),
        ("rename", joined.rename, renamed(joined, group)),
    ):
        if strangers := [name for name in names if name not in allowed]:
            raise ValueError(
                f"{where}.{key}: no feature of {group.name}: {', '.join(strangers)}; "
                f"allowed: {', '.join(allowed)}"
            )
    names = renamed(joined, group)
    _refuse_twice(list(names.values()), f"{where}.rename")
    for name, name_in_dataset in names.items():
        yield name_in_dataset, by_name[name]


def _refuse_twice(names: Sequence[str], where: str) -> None:
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise ValueError(f"{where}: two columns are called {', '.join(repeated)}")
