"""The summary of an ingestion, every row accounted for, and how fresh a feature group is.

The summary goes to the task's result, its log and the asset event, and is kept in the governance
table: one item for each ingestion and one for the latest.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from causeway.digests import canonical_json
from causeway.errors import UnexpectedState
from causeway.features.origins import Origin, Synthetic
from causeway.instants import instant, moment
from causeway.items import Key, Update
from causeway.use_cases.contracts import FeatureGroup

#: How far the service's clock may be behind ours.
SKEW: Final = timedelta(minutes=1)
#: Lets two cases through: nothing is known of the group yet, or what is known is not newer.
NOT_NEWER: Final = "attribute_not_exists(pk) OR finished_at <= :at"


@dataclass(frozen=True)
class IngestSummary:
    """One ingestion into one feature group.

    Every row of the input is written, unchanged (the online store held it in this very form),
    rejected or failed. `older` of the written went offline alone, because the online store has
    later ones. `empty` and `faulty` are the shares of each feature's values that were empty and
    that broke the contract. `appended` rows were sent to the offline store since `appended_since`,
    by this ingestion, the ones before it, or both: what a reader has to wait for. `origin` is the
    raw file; `synthetic` says of the whole group whether any of its rows are invented.
    """

    group: str
    use_case_id: str
    source: str
    input_sha256: str
    stores: str
    job: str
    code: str
    commit: str
    run: str
    rows: int
    written: int
    older: int
    unchanged: int
    rejected: int
    failed: int
    retried: int
    appended: int
    appended_since: datetime
    bytes: int
    seconds: float
    rejects_uri: str
    empty: Mapping[str, float]
    faulty: Mapping[str, float]
    finished_at: datetime
    origin: Origin
    synthetic: Synthetic

    def __post_init__(self) -> None:
        total = self.written + self.unchanged + self.rejected + self.failed
        if total != self.rows:
            raise UnexpectedState(
                f"{self.group}: {self.rows} rows were read, {total} are accounted for",
                next_step="Do not trust this ingestion; run it again and report it.",
            )

    @property
    def records(self) -> int:
        """The rows that are stored now."""
        return self.written + self.unchanged

    def document(self) -> dict[str, Any]:
        """The summary as JSON values."""
        return {
            **asdict(self),
            "origin": self.origin.document(),
            "synthetic": self.synthetic.value,
            "records": self.records,
            "rows_per_second": round(self.rows / self.seconds, 1) if self.seconds else 0.0,
            "appended_since": instant(self.appended_since),
            "finished_at": instant(self.finished_at),
        }


@dataclass(frozen=True)
class Appended:
    """How many rows an ingestion sent to the offline store, and since when."""

    rows: int
    since: datetime

    @classmethod
    def read(cls, summary: Mapping[str, Any]) -> Appended | None:
        """Read what a summary's document says, None where it says nothing."""
        rows, since = summary.get("appended"), summary.get("appended_since")
        return cls(int(rows), moment(str(since))) if rows and since else None


def appended(rows: int, began: datetime, run: str, latest: Mapping[str, Any] | None) -> Appended:
    """Return what a reader of the offline store has to wait for after an ingestion.

    `rows` were sent since `began` by `run`; `latest` is the summary of the ingestion before. What
    that one sent is waited for where this one sent nothing, and beside this one's where both are of
    one run, whose task was repeated. The service's clock may be behind ours: rows count from a
    minute earlier. An ingestion that ended within that minute is waited for too, because its rows
    cannot be told from this one's.
    """
    before = Appended.read(latest or {})
    since = began - SKEW
    if before and latest:
        near = moment(str(latest["finished_at"])) > since
        if rows == 0 or near or latest.get("run") == run:
            return Appended(before.rows + rows, before.since)
    return Appended(rows, since)


def health_key(group: str) -> Key:
    """Return the key of a group's latest ingestion."""
    return Key(f"FEATURE_GROUP#{group}", "LATEST")


def writes(summary: IngestSummary) -> tuple[Update, Update]:
    """Return the writes that keep a summary: as its run's, and as the latest."""
    at = instant(summary.finished_at)
    item = {
        "summary": canonical_json(summary.document()),
        "finished_at": at,
        "group": summary.group,
        "use_case_id": summary.use_case_id,
    }
    latest = health_key(summary.group)
    run = Key(latest.pk, f"INGEST#{summary.run}#{summary.input_sha256[:16]}#{summary.stores}")
    return (
        Update(run, NOT_NEWER, {":at": at}, {}, item={**run.item(), **item}),
        Update(latest, NOT_NEWER, {":at": at}, {}, item={**latest.item(), **item}),
    )


def staleness(
    group: FeatureGroup,
    latest: Mapping[str, Any] | None,
    now: datetime,
    created: datetime | None = None,
) -> timedelta | None:
    """Return how long a group has been stale; None when it is fresh or never becomes stale.

    One without an ingestion so far (`latest`) is judged from when it was `created`.
    """
    since = moment(str(latest["finished_at"])) if latest else created
    if group.fresh_hours is None or since is None:
        return None
    late = now - since - timedelta(hours=group.fresh_hours)
    return late if late > timedelta() else None
