"""Where the rows of a feature group come from, and whether any of them are invented.

It is recorded with each ingestion. What it says of a group as a whole holds since the group was
created: rows that a later file replaces online stay in the offline store.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from functools import reduce
from typing import Any, Final

from causeway.errors import BadInput
from causeway.instants import moment


class Synthetic(StrEnum):
    """Whether rows are invented."""

    NO = "no"
    YES = "yes"
    PARTLY = "partly"
    UNKNOWN = "unknown"

    def beside(self, other: Synthetic) -> Synthetic:
        """Return what rows of both kinds are together."""
        if self is other:
            return self
        if {self, other} == {Synthetic.NO, Synthetic.UNKNOWN}:
            return Synthetic.UNKNOWN
        return Synthetic.PARTLY


@dataclass(frozen=True)
class Origin:
    """The raw file that rows come from: its address or name, its digest, its rows."""

    source: str
    sha256: str = ""
    rows: int = 0
    synthetic: Synthetic = Synthetic.UNKNOWN

    def document(self) -> dict[str, Any]:
        """The origin as JSON values."""
        return {**asdict(self), "synthetic": self.synthetic.value}

    @classmethod
    def read(cls, document: Mapping[str, Any]) -> Origin:
        """Read an origin from its document."""
        return cls(
            str(document["source"]),
            str(document["sha256"]),
            int(document["rows"]),
            Synthetic(document["synthetic"]),
        )

    def __str__(self) -> str:
        digest = f", SHA-256 {self.sha256[:12]}" if self.sha256 else ""
        rows = f", {self.rows} rows" if self.rows else ""
        kind = "" if self.synthetic is Synthetic.NO else f", synthetic: {self.synthetic.value}"
        return f"{self.source}{rows}{digest}{kind}"


@dataclass(frozen=True)
class GroupOrigin:
    """What is known of a group: the latest file, and whether anything in the group is invented."""

    latest: Origin
    synthetic: Synthetic


@dataclass(frozen=True)
class DataOrigin:
    """Where the rows of a dataset come from: each file in words, and whether any are invented."""

    sources: tuple[str, ...] = ()
    synthetic: Synthetic = Synthetic.UNKNOWN

    def __str__(self) -> str:
        return "; ".join(self.sources) or "unknown"


#: Of rows of which nothing is known.
UNKNOWN: Final = DataOrigin()


def data_origin(groups: Iterable[GroupOrigin | None]) -> DataOrigin:
    """Return the origin of rows that are joined of feature groups; None is a group without one."""
    origins = list(groups)
    return DataOrigin(
        tuple(dict.fromkeys(str(origin.latest) for origin in origins if origin)),
        together(origin.synthetic if origin else Synthetic.UNKNOWN for origin in origins),
    )


def together(kinds: Iterable[Synthetic]) -> Synthetic:
    """Return what rows of all these kinds are; of none nothing is known."""
    values = list(kinds)
    return reduce(Synthetic.beside, values) if values else Synthetic.UNKNOWN


def group_origin(
    latest: Mapping[str, Any] | None, created: datetime | None = None
) -> GroupOrigin | None:
    """Read from the summary of a group's latest ingestion what it holds; None: nothing.

    A summary from before the group was `created` is of a group of the same name that is gone.
    """
    if not latest:
        return None
    if created is not None and moment(str(latest["finished_at"])) < created:
        return None
    document = latest.get("origin")
    # Releases before this record wrote none.
    origin = Origin.read(document) if document else Origin(str(latest.get("source", "unknown")))
    return GroupOrigin(origin, Synthetic(latest.get("synthetic", Synthetic.UNKNOWN)))


def require_no_other(groups: Mapping[str, GroupOrigin | None], use_case: str) -> None:
    """Refuse invented rows beside those of another source.

    Raises:
        BadInput: a group holds rows that are not, or not certainly, invented.
    """
    real = {
        name: origin
        for name, origin in groups.items()
        if origin is not None and origin.synthetic is not Synthetic.YES
    }
    if real:
        name, origin = next(iter(real.items()))
        raise BadInput(
            f"{', '.join(real)} hold records of another source than a sample "
            f"({name}: {origin.latest}); invented rows would replace them",
            next_step=f"Name the file of {use_case} in `data`. To write the sample over them all "
            "the same, set `sample_over_records`.",
        )
