"""Request bodies of `BatchWriteRecord`, encoded column by column.

Building 25 records of 22 features as dictionaries and serialising them costs botocore 3 ms; here
whole columns become JSON at once. The bytes are those that botocore would have sent (tests compare
them with its serialiser): JSON with `", "` and `": "`, everything beyond ASCII escaped. An empty
value is left out of its record.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

#: Entries in one `BatchWriteRecord` call (service model).
BATCH_SIZE: Final = 25
#: Records that are encoded at once: few calls, and texts that stay in the processor's cache.
SLICE_ROWS: Final = 4000
#: Characters that JSON escapes, or that are no ASCII.
_ESCAPED: Final = r"[^ !#-\[\]-~]"


@dataclass(frozen=True)
class Body:
    """One request: its bytes, and the row of the file that each of its entries is."""

    rows: tuple[int, ...]
    content: bytes

    def entries(self) -> list[dict[str, Any]]:
        """Return the entries as botocore takes them."""
        entries: list[dict[str, Any]] = json.loads(self.content)["Entries"]
        return entries

    def part(self, positions: Sequence[int]) -> Body:
        """Return the request with some of the entries only."""
        entries = self.entries()
        content = json.dumps({"Entries": [entries[position] for position in positions]})
        return Body(tuple(self.rows[position] for position in positions), content.encode())


def texts_of(columns: Mapping[str, pa.Array], rows: int) -> Iterator[tuple[int, pa.Array]]:
    """Yield where a slice of the records begins, and what `records` makes of it."""
    for start in range(0, rows, SLICE_ROWS):
        part = {name: column.slice(start, SLICE_ROWS) for name, column in columns.items()}
        yield start, records(part)


def records(columns: Mapping[str, pa.Array]) -> pa.Array:
    """Return each record as the JSON text of its `Record` list, without the brackets."""
    begins = [f'{{"FeatureName": {json.dumps(name)}, "ValueAsString": "' for name in columns]
    texts = [_texts(column) for column in columns.values()]
    if any(column.null_count for column in columns.values()):
        entries = [
            pc.binary_join_element_wise(begin, text, '"}', "")
            for begin, text in zip(begins, texts, strict=True)
        ]
        return pc.binary_join_element_wise(*entries, ", ", null_handling="skip")
    # Nothing is left out, so that all is joined at once: half the cost.
    parts: list[Any] = []
    for begin, text in zip(begins, texts, strict=True):
        parts += [f'"}}, {begin}' if parts else begin, text]
    return pc.binary_join_element_wise(*parts, '"}', "")


def bodies(
    group: str,
    numbers: np.ndarray[Any, Any],
    texts: pa.Array,
    *,
    stores: Sequence[str] = (),
    size: int = BATCH_SIZE,
) -> Iterator[Body]:
    """Cut records into requests.

    Args:
        group: the feature group's name or ARN.
        numbers: the row of each record.
        texts: what `records` returned.
        stores: the stores to write to; all of the group's when empty.
        size: entries in a request.
    """
    before = f'{{"FeatureGroupName": {json.dumps(group)}, "Record": ['
    after = f'], "TargetStores": {json.dumps(list(stores))}}}' if stores else "]}"
    begin, end = f'{{"Entries": [{before}'.encode(), f"{after}]}}".encode()
    count = len(texts)
    offsets = np.append(np.arange(0, count, size), count).astype(np.int32)
    parts = pa.ListArray.from_arrays(pa.array(offsets), texts)
    joined = pc.binary_join(parts, f"{after}, {before}").cast(pa.binary())
    for index, content in enumerate(joined if count else ()):
        rows = numbers[offsets[index] : offsets[index + 1]]
        yield Body(tuple(rows.tolist()), b"".join((begin, content.as_buffer(), end)))


def record_text(record: Sequence[Mapping[str, Any]], names: Sequence[str]) -> str:
    """Return a stored record (`BatchGetRecord`) as `records` writes it, its features in order."""
    values = {feature["FeatureName"]: feature["ValueAsString"] for feature in record}
    fields = [
        {"FeatureName": name, "ValueAsString": values[name]} for name in names if name in values
    ]
    return json.dumps(fields)[1:-1]


def _texts(column: pa.Array) -> pa.Array:
    """Return the values of a column as the inside of JSON strings."""
    texts = column.cast(pa.string())
    if not pa.types.is_string(column.type):
        return texts
    if not pc.any(pc.match_substring_regex(texts, _ESCAPED)).as_py():
        return texts
    return pa.array(
        [None if text is None else json.dumps(text)[1:-1] for text in texts.to_pylist()],
        pa.string(),
    )
