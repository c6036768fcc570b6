"""What a table in a file is to those who read it: chunks of numbered rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa

NEXT_STEP: Final = "Fix the file and hand it in again; nothing was written."
CHUNK_ROWS: Final = 1 << 16

#: What is reported of a line that is no row: its number, its text, the reason.
Malformed = Callable[[int, str, str], None]


#: What columns should hold, by name.
Kinds = Mapping[str, pa.DataType]
NO_KINDS: Final[Kinds] = {}


@dataclass(frozen=True)
class Chunk:
    """Some rows of a file: their numbers, and the columns that were asked for."""

    numbers: np.ndarray[Any, Any]
    columns: dict[str, pa.Array]


class TableFile(Protocol):
    """A file that can be read as often as it is needed."""

    @property
    def names(self) -> tuple[str, ...]:
        """The names of its columns."""

    @property
    def first(self) -> int:
        """The number of its first row."""

    def chunks(
        self, names: Sequence[str], malformed: Malformed, kinds: Kinds = NO_KINDS
    ) -> Iterator[Chunk]:
        """Yield the rows in order, with the named columns.

        `kinds` says what some columns should hold: a file of numbers alone may hand them over so.
        """
