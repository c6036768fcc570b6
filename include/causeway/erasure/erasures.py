"""The right to erasure: the state of one record's erasure, and the report about it.

For each feature group and record the governance table holds one item: `begun` before anything is
deleted, `done` when nothing of the record is left. It is the evidence of the erasure. It also lets
a run that was killed continue: a record that is deleted online may still be on its way to the
offline store.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final

from causeway.erasure.offline_rows import StoredRows
from causeway.features.event_times import instant_of, next_after, text_of
from causeway.features.withheld import Withheld
from causeway.instants import for_people, instant
from causeway.items import CREATE_ONLY, STATUS_UNCHANGED, Key, Update
from causeway.pages import markdown_table, markdown_text

BEGUN: Final = "begun"
DONE: Final = "done"


@dataclass(frozen=True)
class Request:
    """Who asked for the erasure of which record, why, in which run."""

    record: str
    reason: str
    requested_by: str
    run: str


@dataclass(frozen=True)
class Erasure:
    """The state of the erasure of a record from a feature group.

    `event_time` is that of its deletion; `online`, `rows` and `versions` say what was found and is
    erased: the online record, rows with its values in current objects, versions of objects that
    held it.
    """

    group: str
    record: str
    event_time: str
    status: str
    reason: str
    requested_by: str
    run: str
    begun_at: str
    finished_at: str = ""
    online: bool = False
    rows: int = 0
    versions: int = 0

    @property
    def key(self) -> Key:
        """The key of the item: one for each group and record."""
        return erasure_key(self.group, self.record)

    @property
    def withheld(self) -> Withheld:
        """What keeps the record out of the group when its file is ingested again."""
        return Withheld(
            f"the record was erased by {self.run}; only a later event time than "
            f"{self.event_time} may come again",
            until=instant_of(self.event_time),
        )

    def write(self, before: Erasure | None) -> Update:
        """Return the write of this state over the one that it was planned against."""
        item = {**self.key.item(), **asdict(self)}
        if before is None:
            return Update(self.key, CREATE_ONLY, {}, {}, item=item)
        return Update(
            self.key,
            STATUS_UNCHANGED,
            {":before": before.status},
            {"#status": "status"},
            item=item,
        )

    def done(self, now: datetime) -> Erasure:
        """Return this erasure as finished."""
        return replace(self, status=DONE, finished_at=instant(now))


def erasure_key(group: str, record: str) -> Key:
    """Return the key of a record's erasure from a group."""
    return Key(erasures_of(group), record)


def erasures_of(group: str) -> str:
    """Return the partition of the erasures from a group."""
    return f"ERASURE#{group}"


def erasure_of(item: Mapping[str, Any] | None) -> Erasure | None:
    """Read an erasure from its item."""
    if item is None:
        return None
    return Erasure(**{key: value for key, value in item.items() if key not in ("pk", "sk")})


def begin(
    group: str,
    request: Request,
    earlier: Erasure | None,
    online: object | None,
    offline: StoredRows,
    versions: int,
    now: datetime,
) -> Erasure | None:
    """Return the erasure to start or to continue; None when there is nothing to erase.

    An erasure that was begun and not finished continues under its own event time, unless the record
    was written again with a later one. `online` is the event time of the online record, `versions`
    how many versions of objects hold rows of it.
    """
    unfinished = earlier if earlier is not None and earlier.status == BEGUN else None
    if unfinished is None and online is None and not versions:
        return None
    times = [*offline.times, *([instant_of(online)] if online is not None else [])]
    moment = next_after(now, *times)
    if unfinished is not None and all(instant_of(unfinished.event_time) > time for time in times):
        moment = instant_of(unfinished.event_time)
    return Erasure(
        group=group,
        record=request.record,
        event_time=text_of(moment),
        status=BEGUN,
        reason=request.reason,
        requested_by=request.requested_by,
        run=request.run,
        begun_at=unfinished.begun_at if unfinished else instant(now),
        online=online is not None or bool(unfinished and unfinished.online),
        rows=max(offline.rows, unfinished.rows if unfinished else 0),
        versions=max(versions, unfinished.versions if unfinished else 0),
    )


@dataclass(frozen=True)
class BuiltDataset:
    """A dataset that holds the record."""

    uri: str
    digest: str
    use_case: str
    groups: tuple[str, ...]
    snapshot: str


@dataclass(frozen=True)
class BuiltVersion:
    """A model version that was trained on such a dataset."""

    arn: str
    dataset: str
    approval: str
    stage: str


@dataclass(frozen=True)
class ErasureReport:
    """What a run erased, and what was built with the record before and is not changed."""

    request: Request
    at: datetime
    outcomes: tuple[Mapping[str, Any], ...]
    datasets: tuple[BuiltDataset, ...]
    versions: tuple[BuiltVersion, ...]
    #: Where files lie that are not searched and may hold the record.
    not_searched: tuple[str, ...]

    @property
    def changed(self) -> bool:
        """Whether this run erased anything."""
        return any(outcome["changed"] for outcome in self.outcomes)

    def summary(self) -> dict[str, int]:
        """Return the figures that a list of reports shows."""
        return {
            "groups changed": sum(bool(outcome["changed"]) for outcome in self.outcomes),
            "rows erased": sum(int(outcome["rows"]) for outcome in self.outcomes),
            "object versions erased": sum(int(outcome["versions"]) for outcome in self.outcomes),
            "datasets built with it": len(self.datasets),
            "model versions built with it": len(self.versions),
        }

    def document(self) -> dict[str, Any]:
        """Return the report as JSON-able values."""
        return {
            **asdict(self.request),
            "at": instant(self.at),
            "changed": self.changed,
            "summary": self.summary(),
            "groups": [dict(outcome) for outcome in self.outcomes],
            "datasets": [asdict(dataset) for dataset in self.datasets],
            "model_versions": [asdict(version) for version in self.versions],
            "not_searched": list(self.not_searched),
        }

    def markdown(self) -> str:
        """Return the report for people."""
        request = self.request
        lines = [
            f"# Erasure of record {markdown_text(request.record)}",
            "",
            f"At {for_people(self.at)}, run {markdown_text(request.run)}, asked for by "
            f"{markdown_text(request.requested_by)}: {markdown_text(request.reason)}",
            "",
            "## Feature groups",
            "",
        ]
        if not self.changed:
            lines += ["Nothing of the record was there: this run changed nothing.", ""]
        lines.append(
            markdown_table(
                ("feature group", "online record", "rows", "object versions", "erased as of"),
                [
                    (
                        outcome["group"],
                        "erased" if outcome["online"] else "-",
                        str(outcome["rows"]),
                        str(outcome["versions"]),
                        outcome["event_time"] or "-",
                    )
                    for outcome in self.outcomes
                ],
            )
        )
        lines += ["", "## Built with the record, and not changed", ""]
        if not self.datasets:
            lines.append("No dataset holds the record.")
        else:
            lines.append(
                markdown_table(
                    ("dataset", "use case", "snapshot"),
                    [
                        (dataset.uri, dataset.use_case, dataset.snapshot)
                        for dataset in self.datasets
                    ],
                )
            )
        lines.append("")
        if not self.versions:
            lines.append("No model version was trained on such a dataset.")
        else:
            lines.append(
                markdown_table(
                    ("model version", "dataset", "approval", "stage"),
                    [
                        (version.arn, version.dataset[:12], version.approval, version.stage)
                        for version in self.versions
                    ],
                )
            )
        lines += ["", "## Not searched", ""]
        lines += [f"- {markdown_text(area)}" for area in self.not_searched]
        return "\n".join(lines) + "\n"
