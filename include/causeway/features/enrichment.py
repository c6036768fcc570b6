"""Small enrichments: the present values of some records, read online by their identifiers.

For some hundreds of records beside data that is at hand; a table of features for a training is a
dataset (`causeway.datasets.query`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from causeway.errors import BadInput

#: Identifiers of one `BatchGetRecord` call (service model).
IDS_A_CALL: Final = 100
#: Identifiers of one enrichment: its result travels through XCom.
MOST: Final = 1_000


@dataclass(frozen=True)
class Enrichment:
    """Records by identifier, each feature as text; and the identifiers that have no record."""

    records: Mapping[str, Mapping[str, str]]
    missing: tuple[str, ...]


def batches(ids: Sequence[str], most: int = MOST) -> Iterator[list[str]]:
    """Return the identifiers in parts of one call, each identifier once, in their order.

    Raises:
        BadInput: an identifier is empty, or there are more than `most`.
    """
    unique = list(dict.fromkeys(ids))
    if "" in unique:
        raise BadInput("an identifier is empty", next_step="Leave out rows without an identifier.")
    if len(unique) > most:
        raise BadInput(
            f"{len(unique)} records are asked for; an enrichment takes {most}",
            next_step="Build a dataset of the feature groups instead.",
        )
    return (unique[start : start + IDS_A_CALL] for start in range(0, len(unique), IDS_A_CALL))


def typed(record: Mapping[str, str], types: Mapping[str, str]) -> dict[str, Any]:
    """Return a record's values by the types of its group: int, float or text."""
    kinds: dict[str, Any] = {"Integral": int, "Fractional": float}
    return {name: kinds.get(types.get(name, ""), str)(text) for name, text in record.items()}
