"""One column against the contract: whole columns at a time, single values only where in doubt.

`Feature.fault_of` alone says what a value may be. A vectorised test that is never more lenient
finds the values that are certainly good; the others are passed to `fault_of`, which also words the
reason. Columns of few different texts (codes) are judged text by text, each once in a file.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from causeway.ingestion.cells import AS_THEY_ARE, Cells, Checked, Faults, text_of
from causeway.ingestion.times import TimeCheck
from causeway.use_cases.contracts import EMPTY, Feature, FeatureType

TYPES: Final[dict[FeatureType, pa.DataType]] = {
    "Integral": pa.int64(),
    "Fractional": pa.float64(),
    "String": pa.string(),
}
#: A column whose first rows hold at most so many different texts is judged text by text.
FEW: Final = 128
SAMPLE: Final = 1024
#: Whole numbers of which every one fits into 64 bits, and numbers as both Python and Arrow read
#: them.
_WHOLE: Final = r"^-?[0-9]{1,18}$"
_NUMBER: Final = r"^[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,2})?$"
#: What an id reads as when a program wrote a missing one.
_NO_ID: Final = frozenset({"", "nan", "<na>", "null", "none", "nat"})


class ColumnCheck:
    """Checks the columns of one feature, chunk by chunk; remembers the texts that it has seen."""

    def __init__(self, feature: Feature, cells: Cells = AS_THEY_ARE) -> None:
        self.feature = feature
        self.cells = cells
        self.type = TYPES[feature.type]
        self._times = TimeCheck(feature.time, None if feature.nullable else EMPTY)
        self._verdicts: dict[str, str | None] = {}
        self._codes = _typed_codes(feature, self.type)
        self._between = _without_gaps(feature)

    def check(self, column: pa.Array) -> Checked:
        """Return the column in the store's type, with what is wrong."""
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if pa.types.is_null(column.type):
            column = column.cast(pa.string())
        if self.feature.time is not None:
            return self._times.check(column, self.cells)[0]
        if _is_text(column.type):
            column = column.cast(pa.string())
            read = self.cells.read(column, number=self.feature.type == "Fractional")
            few = pc.count_distinct(read.slice(0, SAMPLE)).as_py() <= FEW
            checked = self._few(read) if few else self._texts(read)
            return checked if read is column else checked.saying(column)
        if self.feature.type == "String":
            return self._texts(column.cast(pa.string()))
        return self._numbers(column)

    def _few(self, column: pa.Array) -> Checked:
        encoded = column.dictionary_encode()
        texts = [text or "" for text in encoded.dictionary.to_pylist()]
        reasons = [self._judge(text) for text in texts]
        parsed = [
            self._parse(text) if text and reason is None else None
            for text, reason in zip(texts, reasons, strict=True)
        ]
        values = pa.array(parsed, self.type).take(encoded.indices)
        indices = encoded.indices
        if column.null_count:  # a null has no index; it is an empty text
            empty = self._judge("")
            indices = indices.fill_null(len(texts))
            texts, reasons = [*texts, ""], [*reasons, empty]
        bad = [index for index, reason in enumerate(reasons) if reason is not None]
        if not bad:
            return Checked(values)
        numbers = indices.to_numpy(zero_copy_only=False)
        faults: Faults = {}
        for position in np.flatnonzero(np.isin(numbers, bad)).tolist():
            index = int(numbers[position])
            faults[position] = (texts[index], str(reasons[index]))
        return Checked(values, faults)

    def _texts(self, column: pa.Array) -> Checked:
        """Check a column of many different texts."""
        if self.feature.type == "String":
            contents = pc.if_else(pc.equal(column, ""), None, column)
            size = pc.max(pc.utf8_length(contents)).as_py() or 0
            if self._codes is None and size <= 1024:
                return self._doubted(contents, column, pc.is_null(contents))
            good = pc.is_in(contents, self._codes) if self._codes is not None else None
            doubt = (
                pc.invert(good)
                if good is not None
                else pc.fill_null(pc.greater(pc.utf8_length(contents), 1024), True)
            )
            return self._doubted(contents, column, doubt)
        pattern = _WHOLE if self.feature.type == "Integral" else _NUMBER
        plain = pc.fill_null(pc.match_substring_regex(column, pattern), False)
        values = pc.if_else(plain, column, None).cast(self.type)
        return self._doubted(values, column, self._outside(values))

    def _numbers(self, column: pa.Array) -> Checked:
        """Check a column that is numeric in the file."""
        if pa.types.is_floating(column.type):
            column = pc.if_else(pc.is_nan(column), None, column)
        if self.feature.type == "Integral" and not pa.types.is_integer(column.type):
            column = _fractional(column)
            whole = pc.and_(pc.equal(pc.floor(column), column), pc.less(pc.abs(column), 2.0**53))
            values = pc.if_else(whole, column, None).cast(pa.int64())
        elif self.feature.type == "Fractional":
            values = _fractional(column)
        elif pa.types.is_uint64(column.type):
            fits = pc.less(column, pa.scalar(2**63, pa.uint64()))
            values = pc.if_else(fits, column, None).cast(self.type)
        else:
            values = column.cast(self.type)
        doubt = self._outside(values)
        if self.feature.type == "Fractional":
            infinite = pc.invert(pc.is_finite(pc.fill_null(values, 0.0)))
            doubt = infinite if doubt is None else pc.or_(doubt, infinite)
        return self._doubted(values, column, doubt)

    def _outside(self, values: pa.Array) -> pa.Array | None:
        """Return where a value is missing or not surely within codes or range; None: nowhere."""
        if self._between and not values.null_count and len(values):
            ends = pc.min_max(values)
            if ends["min"].as_py() in self._between and ends["max"].as_py() in self._between:
                return None  # far cheaper than looking each value up
        if self._codes is not None:
            inside = pc.is_in(values, self._codes)
            return None if pc.all(inside).as_py() else pc.invert(inside)
        doubt = pc.is_null(values) if values.null_count else None
        bounds = self.feature.range
        if bounds is None or values.null_count == len(values):
            return doubt
        ends = pc.min_max(values)
        for bound, end, past in (
            (bounds.min, ends["min"], pc.less),
            (bounds.max, ends["max"], pc.greater),
        ):
            if bound is not None and past(_fractional(end), bound).as_py():
                outside = pc.fill_null(past(_fractional(values), bound), True)
                doubt = outside if doubt is None else pc.or_(doubt, outside)
        return doubt

    def _doubted(self, values: pa.Array, column: pa.Array, doubt: pa.Array | None) -> Checked:
        """Check doubtful values with `fault_of`: faulty ones become null, the others are parsed."""
        if doubt is None or not pc.any(doubt).as_py():
            return Checked(values)
        faults: Faults = {}
        odd: dict[int, Any] = {}
        positions = np.flatnonzero(doubt.to_numpy(zero_copy_only=False)).tolist()
        if self.feature.nullable and column.null_count:
            # Nothing is wrong with an empty value, and there may be many.
            empty = column.is_null().to_numpy(zero_copy_only=False)
            positions = [position for position in positions if not empty[position]]
        for position, value in zip(
            positions, column.take(pa.array(positions, pa.int64())).to_pylist(), strict=True
        ):
            text = text_of(value)
            reason = self._judge(text)
            if reason is not None:
                faults[position] = (text, reason)
                odd[position] = None
            elif text:
                odd[position] = self._parse(text)
        if not odd:
            return Checked(values, faults)
        mask = np.zeros(len(values), bool)
        mask[sorted(odd)] = True
        patched = pa.array([odd[position] for position in sorted(odd)], self.type)
        return Checked(pc.replace_with_mask(values, pa.array(mask), patched), faults)

    def _judge(self, text: str) -> str | None:
        try:
            return self._verdicts[text]
        except KeyError:
            verdict = self.feature.fault_of(text)
            if len(self._verdicts) < 10_000:
                self._verdicts[text] = verdict
            return verdict

    def _parse(self, text: str) -> Any:
        if self.feature.type == "Integral":
            return int(text)
        return float(text) if self.feature.type == "Fractional" else text


class IdCheck:
    """Checks the column of record ids, which are texts: `00123` and `123` are two."""

    def __init__(self, nulls: tuple[str, ...] = ()) -> None:
        """Take the texts that stand for no value, besides those that programs write for it."""
        self._missing = pa.array([*sorted(_NO_ID), None], pa.string())
        self._nulls = pa.array(nulls, pa.string())

    def check(self, column: pa.Array) -> Checked:
        """Return the ids as texts; a missing one (empty, NaN) is a fault."""
        if pa.types.is_dictionary(column.type):
            column = column.dictionary_decode()
        if pa.types.is_floating(column.type):
            whole = pc.fill_null(pc.equal(pc.floor(column), column), False)
            texts = pc.if_else(whole, column, None).cast(pa.int64()).cast(pa.string())
            return self._faulty(texts, column, pc.is_null(texts))
        texts = column.cast(pa.string())
        lower = pc.utf8_lower(pc.utf8_slice_codeunits(texts, 0, 5))
        missing = pc.or_(pc.is_in(lower, self._missing), pc.is_in(texts, self._nulls))
        return self._faulty(texts, column, missing)

    def _faulty(self, texts: pa.Array, column: pa.Array, missing: pa.Array) -> Checked:
        positions = np.flatnonzero(missing.to_numpy(zero_copy_only=False)).tolist()
        originals = column.take(pa.array(positions, pa.int64())).to_pylist()
        return Checked(
            texts,
            {
                position: (text_of(value), "the record has no id")
                for position, value in zip(positions, originals, strict=True)
            },
        )


def readable(kind: pa.DataType) -> bool:
    """Whether a column of a file can hold features."""
    if pa.types.is_dictionary(kind):
        return readable(kind.value_type)
    return (
        _is_text(kind)
        or pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_null(kind)
    )


def _typed_codes(feature: Feature, kind: pa.DataType) -> pa.Array | None:
    if feature.codes is None:
        return None
    if feature.type == "Fractional":
        return pa.array([float(code) for code in feature.codes], kind)
    texts = [str(code) if feature.type == "String" else code for code in feature.codes]
    return pa.array(texts, kind)


def _without_gaps(feature: Feature) -> range | None:
    """Return the codes of a feature as a range when every number between them is one, too."""
    if feature.type != "Integral" or not feature.codes:
        return None
    codes = [int(code) for code in feature.codes]
    between = range(min(codes), max(codes) + 1)
    return between if len(codes) == len(between) else None


def _fractional(values: Any) -> Any:
    """Return numbers as `float` makes them: beyond 2**53 the nearest, where Arrow would refuse."""
    return values.cast(pa.float64(), safe=False)


def _is_text(kind: pa.DataType) -> bool:
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind))
