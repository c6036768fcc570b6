"""The cells of a column: how they are read, and what was wrong with some of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

Faults = dict[int, tuple[str, str]]


@dataclass(frozen=True)
class Checked:
    """A column in the store's type, and by position what is wrong with a value: (text, reason).

    A value that is empty or at fault is null.
    """

    values: pa.Array
    faults: Faults = field(default_factory=dict)

    def saying(self, column: pa.Array) -> Checked:
        """Return the same with the values at fault as the file has them."""
        faults = {
            position: (text_of(column[position].as_py()), reason)
            for position, (_, reason) in self.faults.items()
        }
        return Checked(self.values, faults)


@dataclass(frozen=True)
class Cells:
    """How the cells of a text column are read: what stands for no value, and the decimal mark."""

    nulls: tuple[str, ...] = ()
    decimal: str = "."

    def read(self, column: pa.Array, *, number: bool) -> pa.Array:
        """Return a column of texts with empty ones for nulls, and numbers with a decimal point."""
        if self.nulls:
            column = pc.if_else(pc.is_in(column, pa.array(self.nulls)), "", column)
        if number and self.decimal != ".":
            # A point becomes what is in no number: here it would be a mark of thousands.
            column = pc.replace_substring(column, ".", "_")
            column = pc.replace_substring(column, self.decimal, ".")
        return column


#: Cells of which an empty text alone is none, and a number has a point.
AS_THEY_ARE: Final = Cells()


def all_faults(checked: dict[str, Checked]) -> Iterator[tuple[int, str, str, str]]:
    """Yield (position, column, text, reason) of every fault, in the order of the rows."""
    faults = [
        (position, name, text, reason)
        for name, column in checked.items()
        for position, (text, reason) in column.faults.items()
    ]
    yield from sorted(faults, key=lambda fault: fault[0])


def text_of(value: Any) -> str:
    """Return a value of a Parquet file as a text file would have it."""
    if value is None or value != value:  # a NaN differs from itself
        return ""
    if isinstance(value, bool):
        return str(int(value))
    return repr(value) if isinstance(value, float) else str(value)
