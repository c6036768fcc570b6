"""Records of a feature group: their validation and their typed values.

For thousands of records per second: a record is walked once, and event times, which repeat, are
cached.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from localaws.kit.service import ServiceError

Value = str | int | float
# ASCII decimals. Whether AWS takes NaN, infinity or hexadecimals is not verified: refused here.
INTEGRAL = re.compile(r"[+-]?[0-9]+")
FRACTIONAL = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
# Feature Store developer guide, "Event time": yyyy-MM-dd'T'HH:mm:ssZ, with or without milliseconds.
ISO_8601 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?(Z|[+-]\d\d:?\d\d)", re.ASCII)
LIMIT = 2**63


@dataclass(frozen=True)
class Schema:
    """The features of a group: name to `Integral`, `Fractional` or `String`."""

    types: dict[str, str]
    record_id: str
    event_time: str


@dataclass(frozen=True, slots=True)
class Record:
    """A valid record: `texts` as received, `values` typed for the offline store."""

    identifier: str
    event_time: float  # seconds since the epoch
    texts: dict[str, str]
    values: dict[str, Value]


def invalid(message: str) -> ServiceError:
    """Return the runtime's error for bad input (its code has no `Exception` at the end)."""
    return ServiceError("ValidationError", f"Validation Error: {message}")


def read_record(schema: Schema, features: Sequence[dict[str, Any]]) -> Record:
    """Read a `Record` parameter; raise ValidationError that names the invalid feature."""
    types = schema.types
    texts: dict[str, str] = {}
    values: dict[str, Value] = {}
    for feature in features:
        name, text = feature["FeatureName"], feature.get("ValueAsString")
        kind = types.get(name)
        if kind is None:
            raise invalid(f"feature {name} does not exist in the feature group.")
        if name in texts:
            raise invalid(f"feature {name} is given twice.")
        if text is None:
            raise invalid(f"feature {name} has no ValueAsString.")
        texts[name] = text
        values[name] = text if kind == "String" else _number(name, kind, text)
    identifier = texts.get(schema.record_id)
    if not identifier:
        raise invalid(f"record identifier feature {schema.record_id} has no value.")
    moment = texts.get(schema.event_time)
    if not moment:
        raise invalid(f"event time feature {schema.event_time} has no value.")
    return Record(identifier, read_event_time(schema, moment), texts, values)


def read_event_time(schema: Schema, text: str) -> float:
    """Return an event time in seconds since the epoch: ISO-8601 (String) or unix (Fractional)."""
    return _moment(schema.types[schema.event_time], schema.event_time, text)


def deletion(schema: Schema, identifier: str, event_time: str) -> Record:
    """Return the record that marks a deletion in the offline store: id and event time only."""
    kinds = {schema.record_id: identifier, schema.event_time: event_time}
    values: dict[str, Value] = {
        name: text if schema.types[name] == "String" else _number(name, schema.types[name], text)
        for name, text in kinds.items()
    }
    return Record(identifier, read_event_time(schema, event_time), kinds, values)


def _number(name: str, kind: str, text: str) -> int | float:
    if kind == "Fractional":
        if FRACTIONAL.fullmatch(text) and math.isfinite(fraction := float(text)):
            return fraction
    elif INTEGRAL.fullmatch(text) and len(text) < 100 and -LIMIT <= (number := int(text)) < LIMIT:
        return number
    raise invalid(f"feature {name} is {kind} and cannot be {text!r}.")


@lru_cache(maxsize=4096)
def _moment(kind: str, name: str, text: str) -> float:
    try:
        if kind == "Fractional":
            return datetime.fromtimestamp(_number(name, kind, text), UTC).timestamp()
        if ISO_8601.fullmatch(text):
            return datetime.fromisoformat(text).timestamp()
    except (ValueError, OverflowError, OSError):
        pass
    form = "unix seconds" if kind == "Fractional" else "ISO-8601, e.g. 2024-01-31T12:00:00Z"
    raise invalid(f"event time feature {name} must be {form}, not {text!r}.")
