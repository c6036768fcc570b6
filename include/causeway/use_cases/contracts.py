"""The feature contract: what a raw file must look like and which features come out of it.

A raw column is described once, by the feature that takes it as its `source`: type, codes or
range, whether it may be empty. A feature without a source is derived by the processing job.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from functools import cached_property
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator, model_validator

from causeway.documents import Strict
from causeway.instants import ISO, parse_instant
from causeway.names import DashedName, FeatureName
from causeway.plain_texts import LONGEST, LONGEST_KEY, is_plain
from causeway.use_cases.file_formats import (
    ColumnName,
    FileFormat,
    Nulls,
    TimeFormat,
    check_time_format,
)
from causeway.use_cases.published import Published
from causeway.use_cases.stores import OfflineStore, OnlineStore

FeatureType = Literal["Integral", "Fractional", "String"]
DeriveOperation = Literal["ratio", "log1p", "normalise", "days_before_event_time"]


#: A word that a feature or a group is found by.
Tag = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+([._-][a-z0-9]+)*$", max_length=64)]
#: The whole numbers that the feature store holds: 64 bits with a sign.
INTEGRAL_BOUND = 2**63
#: The longest `ValueAsString` (service model of the feature store's runtime).
LONGEST_TEXT = 358_400
#: The longest value of an AWS tag.
LONGEST_TAG = 256

#: Codes that are named where a value is none of them.
SHOWN = 12
#: What is wrong with no value.
EMPTY = "is empty, but the column may not be"

#: Columns that the offline store adds; SageMaker refuses features of these names (service model,
#: `FeatureDefinition`).
STORE_COLUMNS = frozenset({"write_time", "api_invocation_time", "is_deleted"})
#: Its table's partitions. A column that has the name of one makes the table unreadable: Athena
#: answers `HIVE_INVALID_METADATA`, duplicate columns.
PARTITIONS = frozenset({"year", "month", "day", "hour"})


class RecordId(Strict):
    """Where the record id comes from: the line number in a format, or a raw column."""

    source: Annotated[Literal["line_number", "column"], Field(alias="from")]
    format: str = "%d"
    column: ColumnName | None = None

    @model_validator(mode="after")
    def _one_source(self) -> RecordId:
        if self.source == "column" and self.column is None:
            raise ValueError("`from: column` needs the key `column`")
        if self.source == "line_number" and self.column is not None:
            raise ValueError("`from: line_number` takes no `column`")
        if self.source == "line_number" and not re.fullmatch(
            r"[A-Za-z0-9_-]*%(0\d+)?d[A-Za-z0-9_-]*", self.format
        ):
            raise ValueError(f"{self.format!r} is no format; allowed: text around one %d or %06d")
        return self


class EventTime(Strict):
    """The event time: the delivery's as-of date, one fixed instant, or a raw column; no clock.

    `as_of` is the as-of date of a delivery that declares no other. With `fixed` no delivery can: a
    record that is stored online then never changes, because only a later event time replaces it.
    `format` and `zone` say how a column writes its times (`TimeFormat`).
    """

    as_of: str | None = None
    fixed: str | None = None
    column: ColumnName | None = None
    format: str = ISO
    zone: str | None = None

    @model_validator(mode="after")
    def _one_source(self) -> EventTime:
        if sum(source is not None for source in (self.as_of, self.fixed, self.column)) != 1:
            raise ValueError("give one of `as_of`, `fixed` and `column`")
        if self.instant is not None:
            parse_instant(self.instant)
        if self.column is None and (self.zone or self.format != ISO):
            raise ValueError("`format` and `zone` are of times in a `column`")
        check_time_format(self.format, self.zone)
        return self

    @property
    def instant(self) -> str | None:
        """The event time of all records, unless a delivery declares another; None of a column."""
        return self.as_of or self.fixed


class RawData(Strict):
    """The raw file: its format, its columns in order, and how records get id and time.

    `ignored` are columns that the file may have and nobody reads: by name, or `others` for all that
    `columns` does not name. Without a header every column is named in `columns`, the ignored ones
    too.
    """

    format: FileFormat
    record_id: RecordId
    event_time: EventTime
    columns: tuple[ColumnName, ...] = Field(min_length=1)
    ignored: tuple[ColumnName, ...] | Literal["others"] = ()
    #: Named in `BadInput` and in the documentation; not an address to load from.
    description: str = ""
    #: Where its authors publish it; the one address that it is ever downloaded from.
    published: Published | None = None

    def ignores(self, column: str) -> bool:
        """Tell whether nobody reads a column."""
        if self.ignored == "others":
            return column not in self.columns
        return column in self.ignored

    @field_validator("columns")
    @classmethod
    def _unique(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        repeated = sorted({name for name in value if value.count(name) > 1})
        if repeated:
            raise ValueError(f"stands twice: {', '.join(repeated)}")
        return value


class Range(Strict):
    """Inclusive bounds of a number."""

    min: float | None = None
    max: float | None = None


class Derive(Strict):
    """How a derived feature is computed, record by record, from features of the contract.

    `ratio` = first / second, `log1p` = ln(1 + first), `normalise` = (first - min) / (max - min)
    with the *declared* range of that feature: nothing is fitted, so a record's value never
    depends on other records. `days_before_event_time` counts the days from a String that is a time
    to the record's event time, less than none where it lies after it.
    """

    op: DeriveOperation
    of: tuple[FeatureName, ...] = Field(min_length=1, max_length=2)

    @model_validator(mode="after")
    def _operands(self) -> Derive:
        count = 2 if self.op == "ratio" else 1
        if len(self.of) != count:
            raise ValueError(f"{self.op} takes {count} feature(s), found {len(self.of)}")
        return self


class Feature(Strict):
    """One feature: taken from a raw column (`source`) or derived.

    `nulls` are what stands for no value in its column, where that is not the file's. `time` says
    how a String is written that is a time: it is kept as an instant in UTC.
    """

    name: FeatureName
    type: FeatureType
    description: str = ""
    unit: str = ""
    tags: tuple[Tag, ...] = ()
    source: ColumnName | None = None
    derive: Derive | None = None
    codes: dict[int | str, str] | None = None
    range: Range | None = None
    nullable: bool = False
    nulls: Nulls | None = None
    time: TimeFormat | None = None

    @model_validator(mode="after")
    def _consistent(self) -> Feature:
        if (self.source is None) == (self.derive is None):
            raise ValueError("give either `source` or `derive`")
        if self.source is None and (self.nulls is not None or self.time is not None):
            raise ValueError("`nulls` and `time` are of a feature with a source")
        if self.time is not None and (self.type != "String" or self.codes is not None):
            raise ValueError("`time` is of a String without codes")
        if self.codes is not None and self.range is not None:
            raise ValueError("give `codes` or `range`, not both")
        if self.range is not None and self.type == "String":
            raise ValueError("a String has no range; allowed: Integral, Fractional")
        if (
            self.codes is not None
            and self.type == "Integral"
            and any(isinstance(code, str) for code in self.codes)
        ):
            raise ValueError("codes of an Integral feature are whole numbers")
        return self

    @cached_property
    def allowed(self) -> frozenset[str]:
        """The codes as text; empty when the feature is not categorical."""
        return frozenset(str(code) for code in self.codes or ())

    def fault_of(self, text: str) -> str | None:
        """Say what is wrong with a raw value, or None when the contract allows it."""
        if text == "":
            return None if self.nullable else EMPTY
        if self.type == "Integral" and not re.fullmatch(r"-?[0-9]+", text):
            return "is no whole number"
        if self.type == "Integral" and not _fits(text):
            return "is a whole number of more than 64 bits"
        if self.type == "String" and len(text) > LONGEST_TEXT:
            return f"has {len(text)} characters; the feature store takes {LONGEST_TEXT}"
        if self.type == "Fractional" and not _is_number(text):
            return "is no number"
        if self.codes is not None:
            code = str(int(text)) if self.type == "Integral" else text
            if code not in self.allowed:
                return f"is an unknown code; allowed: {_some(self.codes)}"
        if self.range is not None:
            low, high = self.range.min, self.range.max
            number = float(text)
            if (low is not None and number < low) or (high is not None and number > high):
                return f"is out of range; allowed: {_bound(low)} to {_bound(high)}"
        return None


class FeatureGroup(Strict):
    """One feature group: its identifier, its time, its features and where they are kept.

    `from` names the raw source that it is filled from, where the use case has several. Without an
    `owner` it belongs to the use case's. `fresh_hours`: how old the last ingestion may
    be before the group counts as stale; without it a group never does.
    """

    name: DashedName
    raw_source: Annotated[str | None, Field(alias="from")] = None
    description: str = ""
    owner: str = ""
    online: OnlineStore = OnlineStore.model_construct()
    offline: OfflineStore = OfflineStore.model_construct()
    fresh_hours: Annotated[float, Field(gt=0)] | None = None
    record_identifier: FeatureName = "record_id"
    event_time: FeatureName = "event_time"
    #: Also its tags in AWS.
    tags: dict[str, str] = Field(default_factory=dict)
    features: tuple[Feature, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _unique(self) -> FeatureGroup:
        names = [self.record_identifier, self.event_time, *(f.name for f in self.features)]
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ValueError(f"features: names stand twice: {', '.join(repeated)}")
        if reserved := sorted((STORE_COLUMNS | PARTITIONS) & set(names)):
            raise ValueError(
                f"features: {', '.join(reserved)}: the offline store has columns of these "
                "names; choose others"
            )
        keys = " ".join(self.tags)
        if len(keys) > LONGEST_TAG or len(keys.split()) != len(self.tags):
            raise ValueError(f"tags: keys have no spaces, {LONGEST_TAG} characters together")
        if own := [key for key in self.tags if key.startswith(("aws:", "causeway:"))]:
            raise ValueError(f"tags: these names are not the contract's: {own}")
        values = dict.fromkeys((self.owner, *self.tags.values()), LONGEST)
        for text, longest in (*values.items(), *dict.fromkeys(self.tags, LONGEST_KEY).items()):
            if not is_plain(text, longest):
                raise ValueError(
                    f"{text!r} becomes a tag, which AWS takes with letters, digits, "
                    f"blanks and _.:/=+-@, {longest} characters at most"
                )
        if not self.online.enabled and not self.offline.enabled:
            raise ValueError("enable the online store, the offline store or both")
        return self

    @property
    def feature_names(self) -> tuple[str, ...]:
        """The names of the features, without identifier and time."""
        return tuple(feature.name for feature in self.features)


def _fits(text: str) -> bool:
    digits = text.lstrip("-").lstrip("0")
    sign = -1 if text.startswith("-") else 1
    return len(digits) < 20 and -INTEGRAL_BOUND <= sign * int(digits or "0") < INTEGRAL_BOUND


def _is_number(text: str) -> bool:
    try:
        # Python's float also takes "1_0" and digits of other scripts; the jobs' readers do not.
        return math.isfinite(float(text)) and text.isascii() and "_" not in text
    except ValueError:
        return False


def _some(codes: Iterable[int | str]) -> str:
    names = [str(code) for code in codes]
    more = [f"and {len(names) - SHOWN} more"] if len(names) > SHOWN else []
    return ", ".join(names[:SHOWN] + more)


def _bound(value: float | None) -> str:
    return "any" if value is None else f"{value:g}"
