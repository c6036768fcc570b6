"""A column of times, compared as instants, whatever their zones and spellings."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from causeway.ingestion.cells import AS_THEY_ARE, Cells, Checked, Faults
from causeway.instants import ISO, declared_instant, milliseconds, parse_instant, zulu
from causeway.use_cases.file_formats import TimeFormat

#: Event times as the feature store takes them (developer guide, "Event time").
_STORED_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z")


class TimeCheck:
    """Checks a column of times, which are compared as instants: milliseconds since 1970.

    What is finer than a millisecond is cut. `empty` is what is said of a row without a time; None
    where it may have none.
    """

    def __init__(
        self, rule: TimeFormat | None = None, empty: str | None = "the record has no event time"
    ) -> None:
        self._rule, self._empty = rule or TimeFormat(), empty
        self._readings: dict[str, _Reading] = {}

    def check(
        self,
        column: pa.Array,
        cells: Cells = AS_THEY_ARE,
    ) -> tuple[Checked, np.ndarray[Any, Any]]:
        """Return the times as the store takes them, and their milliseconds since 1970."""
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        stamped = pa.types.is_timestamp(column.type) or pa.types.is_date(column.type)
        texts = _stamps(column) if stamped else column.cast(pa.string())
        form = ISO if stamped else self._rule.format
        encoded = texts.fill_null("").dictionary_encode()
        cleaned = cells.read(encoded.dictionary, number=False).to_pylist()
        read = [self._read(text, form) for text in cleaned]
        indices = encoded.indices.to_numpy()
        moments = np.array([reading.milliseconds for reading in read], np.int64)[indices]
        values = pa.array([reading.text for reading in read], pa.string()).take(encoded.indices)
        bad = [index for index, reading in enumerate(read) if reading.fault]
        faults: Faults = {}
        for position in np.flatnonzero(np.isin(indices, bad)).tolist():
            original = encoded.dictionary[int(indices[position])].as_py()
            faults[position] = (original, read[int(indices[position])].fault)
        return Checked(values, faults), moments

    def _read(self, text: str, form: str) -> _Reading:
        reading = self._readings.get(text)
        if reading is None:
            reading = self._instant(text, form)
            if len(self._readings) < 100_000:
                self._readings[text] = reading
        return reading

    def _instant(self, text: str, form: str) -> _Reading:
        if not text:
            return _Reading(None, 0, self._empty or "")
        try:
            moment = declared_instant(text, form, self._rule.zone)
        except ValueError as error:
            return _Reading(None, 0, str(error))
        plain = form == ISO and _STORED_TIME.fullmatch(text)
        return _Reading(text if plain else stored_form(moment), milliseconds(moment), "")


def _stamps(column: pa.Array) -> pa.Array:
    """Write the timestamps of a Parquet file as texts, in UTC where they have a zone."""
    zone = getattr(column.type, "tz", None) and "UTC"
    stamps = column.cast(pa.timestamp("ms", zone), safe=False)
    # Arrow writes the milliseconds with the seconds.
    return pc.strftime(stamps, "%Y-%m-%dT%H:%M:%S" + ("Z" if zone else ""))


class _Reading(NamedTuple):
    """A time as the store takes it, its milliseconds since 1970, and what is wrong with it."""

    text: str | None
    milliseconds: int
    fault: str


def stored_form(moment: datetime) -> str:
    """Write an instant as the feature store takes it: UTC, to the millisecond."""
    return zulu(moment, timespec="milliseconds")


def stored_instant(text: str) -> str:
    """Return an instant as the feature store takes it: UTC, to the millisecond.

    Raises:
        ValueError: the text is no instant.
    """
    moment = parse_instant(text)
    return text if _STORED_TIME.fullmatch(text) else stored_form(moment)
