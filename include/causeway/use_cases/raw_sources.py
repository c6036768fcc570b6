"""Raw sources: each a raw file with a contract of its own, and the feature groups that it fills.

A use case has one (`data`) or several (`sources`). What is of one source stays in it: a row of its
file becomes a record in each of its groups, and a derived feature is derived of its own.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from causeway.documents import check_together
from causeway.use_cases.contracts import Feature, FeatureGroup, RawData

#: What a run is told instead of a source's name to bring in all of them; no source has it.
EVERY_SOURCE: Final = "all"


@dataclass(frozen=True)
class RawSource:
    """One raw source of a use case; `name` is None where the use case calls it `data`."""

    use_case: str
    name: str | None
    data: RawData
    groups: tuple[FeatureGroup, ...]

    def __str__(self) -> str:
        return f"use case {self.use_case}" + (f", source {self.name}" if self.name else "")

    @property
    def key(self) -> str:
        """The key of its contract in the use case's file."""
        return "data" if self.name is None else f"sources.{self.name}"

    @cached_property
    def features(self) -> dict[str, Feature]:
        """Every feature of its groups by name, in the order of the file."""
        return {feature.name: feature for group in self.groups for feature in group.features}

    @cached_property
    def by_column(self) -> dict[str, Feature]:
        """The feature that describes each raw column."""
        return {f.source: f for f in self.features.values() if f.source}

    def check(self) -> None:
        """Refuse a source whose columns and features do not fit each other.

        Raises:
            ValueError: a line for each mistake.
        """
        check_together(
            self._check_names,
            self._check_columns,
            lambda: _refuse("\n".join(self._underived())),
        )

    def _check_names(self) -> None:
        features = [feature for group in self.groups for feature in group.features]
        refuse_twice([f.name for f in features], "feature_groups: features stand in two groups")
        columns = [feature.source for feature in features if feature.source]
        refuse_twice(columns, "feature_groups: raw columns are the source of two features")

    def _check_columns(self) -> None:
        data, columns = self.data, list(self.by_column)
        strangers = [
            f"{path}.source: {feature.source!r} is no raw column; "
            f"allowed: {', '.join(data.columns)}"
            for path, feature in self._by_path()
            if feature.source and feature.source not in data.columns
        ]
        _refuse("\n".join(strangers))
        reserved = {data.record_id.column, data.event_time.column}
        read = {*columns, *filter(None, reserved)}
        unused = [name for name in data.columns if name not in read and not data.ignores(name)]
        if unused:
            raise ValueError(
                f"{self.key}.columns: no feature describes {', '.join(unused)}; name it in a "
                f"feature's `source`, or in `{self.key}.ignored`"
            )
        absent = {name for name in read if name not in data.columns or data.ignores(name)}
        if absent:
            raise ValueError(
                f"{self.key}.columns: {', '.join(sorted(absent))}: read, but missing or ignored"
            )

    def _by_path(self) -> Iterator[tuple[str, Feature]]:
        for group in self.groups:
            for feature in group.features:
                yield f"feature_groups.{group.name}.features.{feature.name}", feature

    def _underived(self) -> Iterator[str]:
        """Say which derived features cannot be derived of their operands."""
        of = f" of {self.name}" if self.name else ""
        for path, feature in self._by_path():
            for operand in feature.derive.of if feature.derive else ():
                if fault := _fault_of_operand(feature, operand, self.features.get(operand)):
                    yield f"{path}.{fault}{of}"


def raw_sources(
    use_case: str,
    data: RawData | None,
    sources: Mapping[str, RawData],
    groups: Sequence[FeatureGroup],
) -> tuple[RawSource, ...]:
    """Return the raw sources that a use case declares, each with its feature groups."""
    if data is not None:
        return (RawSource(use_case, None, data, tuple(groups)),)
    only = next(iter(sources)) if len(sources) == 1 else None
    return tuple(
        RawSource(
            use_case, name, contract, tuple(g for g in groups if (g.raw_source or only) == name)
        )
        for name, contract in sources.items()
    )


def faults_of_names(
    data: RawData | None, sources: Mapping[str, RawData], groups: Sequence[FeatureGroup]
) -> Iterator[str]:
    """Say what is wrong with which sources there are, and which group comes from which."""
    if (data is None) == (not sources):
        yield "give `data`, the one raw file, or `sources`, several by name; not both"
        return
    if EVERY_SOURCE in sources:
        yield f"sources.{EVERY_SOURCE}: this word means all of them; choose another name"
    for group in groups:
        name = group.raw_source
        where, allowed = f"feature_groups.{group.name}.from", f"allowed: {', '.join(sources)}"
        if name is None and len(sources) > 1:
            yield f"{where}: the key is missing: which source it comes from; {allowed}"
        elif name is not None and data is not None:
            yield f"{where}: the use case has one raw file, `data`; take the key out"
        elif name is not None and name not in sources:
            yield f"{where}: {name!r} is none of the `sources`; {allowed}"
    filled = {group.raw_source for group in groups}
    for name in sources if len(sources) > 1 else ():
        if name not in filled:
            yield f"sources.{name}: it fills no feature group; name it in the `from` of one"


def _fault_of_operand(feature: Feature, operand: str, base: Feature | None) -> str | None:
    rule = feature.derive.op if feature.derive else None
    if rule == "days_before_event_time":
        if base is None or base.time is None:
            return f"derive.of: {operand!r} is no String with `time`"
    elif base is None or base.source is None or base.type == "String":
        return f"derive.of: {operand!r} is no numeric feature with a source"
    elif rule == "normalise" and not _has_width(base):
        return f"derive: normalise needs a range with min and max on {operand}, min below max"
    return None


def _has_width(feature: Feature) -> bool:
    low, high = (feature.range.min, feature.range.max) if feature.range else (None, None)
    return low is not None and high is not None and low < high


def _refuse(faults: str) -> None:
    if faults:
        raise ValueError(faults)


def refuse_twice(names: list[str], what: str) -> None:
    """Raise ValueError for names that stand twice."""
    repeated = sorted(name for name, count in Counter(names).items() if count > 1)
    if repeated:
        raise ValueError(f"{what}: {', '.join(repeated)}")
