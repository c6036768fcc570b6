"""The SQL of a dataset: rows of a spine, and what each feature group knew then or knows now.

A spine is a feature group or the consumer's own table. `latest` joins the present record of each
group; `point_in_time` joins the latest record whose event time is not later than that of the
spine's row, so that nothing from the future enters. Athena's dialect (Trino). Rules for one group:

- Only writes up to the snapshot count (`write_time`): a dataset can be made again as it was.
- Of writes with one event time the last sent counts, then the last written, then the greatest
  values: whatever order the rows come in, the result is the same.
- A deletion hides every write of its record with an earlier event time, for any row of the spine:
  who was deleted is in no dataset made afterwards. Writes from then on are a new record.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from causeway.errors import ConfigError
from causeway.instants import sql_timestamp

Mode = Literal["latest", "point_in_time"]
EventTimeType = Literal["String", "Fractional"]

_ORDER: Final = ("_moment", "_sent", "_written")


@dataclass(frozen=True)
class TableName:
    """A table by catalogue, database and name, as a query writes it."""

    catalog: str
    database: str
    table: str

    def __str__(self) -> str:
        return ".".join(map(quoted, (self.catalog, self.database, self.table)))


@dataclass(frozen=True)
class GroupTable:
    """A feature group's offline store, and what of it enters the dataset.

    `columns` are the features by the names that they have in the dataset. `on` is the column that
    holds this group's record identifier, of the spine or of a group joined before; None: the
    spine's own identifier. A row of the
    spine without a record here is left out when the group is `required`, else its values are NULL.
    """

    name: TableName
    record_identifier: str
    event_time: str
    columns: Mapping[str, str]
    event_time_type: EventTimeType = "String"
    on: str | None = None
    required: bool = True


@dataclass(frozen=True)
class OwnTable:
    """A table of the consumer's own; its rows are taken as they are."""

    name: TableName
    record_identifier: str
    event_time: str
    columns: Mapping[str, str]
    event_time_type: EventTimeType = "String"


@dataclass(frozen=True)
class DatasetQuery:
    """One dataset: a spine, groups joined to it, and the time up to which writes count."""

    spine: GroupTable | OwnTable
    joined: Sequence[GroupTable] = field(default_factory=tuple)
    mode: Mode = "latest"
    snapshot: datetime | None = None

    def sql(self) -> str:
        """Return the query; its rows are ordered by identifier and event time.

        Raises:
            ConfigError: two columns of the dataset have one name, or `on` is none before it.
        """
        self._check()
        common, last, names = self._steps(counting=False)
        columns = [f'"_key" AS {quoted(self.spine.record_identifier)}']
        if self.mode == "point_in_time":
            columns.append(f'"_time" AS {quoted(self.spine.event_time)}')
        columns += [quoted(name) for name in names]
        return (
            f"WITH {common}\n"
            f'SELECT {", ".join(columns)}\nFROM {quoted(last)}\nORDER BY "_key", "_row"'
        )

    def missing_sql(self) -> str:
        """Return the query that counts what the spine has and the joined groups lack.

        One row: `rows` of the spine, and for each joined group, counted from 1, `missing_<n>` and
        `example_<n>`: how many rows have no record there, and the least identifier of those.

        Raises:
            ConfigError: as `sql`.
        """
        self._check()
        common, last, _ = self._steps(counting=True)
        columns = ['count(*) AS "rows"']
        for number in range(1, len(self.joined) + 1):
            absent = f"{quoted(_presence(number))} IS NULL"
            columns.append(f"sum(CASE WHEN {absent} THEN 1 ELSE 0 END) AS missing_{number}")
            columns.append(f'min(CASE WHEN {absent} THEN "_key" END) AS example_{number}')
        return f"WITH {common}\nSELECT {', '.join(columns)}\nFROM {quoted(last)}"

    def _steps(self, *, counting: bool) -> tuple[str, str, list[str]]:
        """Return the common tables, the name of the last, and the columns of the dataset in it.

        Where rows are counted each stays, and a column says for each group whether it has a record.
        """
        steps = [("spine", self._spine())]
        names, flags = list(self.spine.columns.values()), list[str]()
        for number, group in enumerate(self.joined, 1):
            columns = [*names, *flags]
            text = self._join(steps[-1][0], columns, group, _presence(number) if counting else "")
            steps.append((f"join_{number}", text))
            names += group.columns.values()
            flags += [_presence(number)] if counting else []
        common = ",\n".join(f"{quoted(name)} AS (\n{text}\n)" for name, text in steps)
        return common, steps[-1][0], names

    def _check(self) -> None:
        names = [self.spine.record_identifier]
        names += [self.spine.event_time] if self.mode == "point_in_time" else []
        for source in (self.spine, *self.joined):
            names += source.columns.values()
        repeated = sorted({name for name in names if names.count(name) > 1})
        if repeated:
            raise ConfigError(
                f"the dataset would have two columns {', '.join(repeated)}",
                next_step="Rename one of them in the dataset's declaration.",
            )
        before = [self.spine.record_identifier, *self.spine.columns.values()]
        for group in self.joined:
            if group.on not in (None, *before):
                raise ConfigError(
                    f"{group.name.table} is joined on {group.on}, which is no column before it",
                    next_step=f"Use one of: {', '.join(before)}.",
                )
            before += group.columns.values()

    def _spine(self) -> str:
        columns = list(self.spine.columns.values())
        if isinstance(self.spine, OwnTable):
            text = f"SELECT {_own(self.spine)} FROM {self.spine.name}"  # noqa: S608 - as above
        else:
            per = '"_key"' if self.mode == "latest" else '"_key", "_moment"'
            text = _first(visible(self.spine, self.snapshot), per, columns)
        order = ", ".join(['"_key"', '"_moment"', *map(quoted, columns)])
        return f'SELECT *, row_number() OVER (ORDER BY {order}) AS "_row" FROM ({text})'  # noqa: S608

    def _join(self, spine: str, columns: Sequence[str], group: GroupTable, flag: str) -> str:
        """Join a group's records to the rows so far; each row keeps the latest that it may see.

        With `flag` every row stays, and a column of that name is NULL where it has no record.
        """
        kind = "JOIN" if group.required and not flag else "LEFT JOIN"
        on = group.on if group.on not in (None, self.spine.record_identifier) else "_key"
        condition = f's.{quoted(on or "_key")} = g."_key"'
        if self.mode == "point_in_time":
            condition += ' AND g."_moment" <= s."_moment"'
        outputs = [f"s.{quoted(name)}" for name in ("_key", "_time", "_moment", "_row", *columns)]
        outputs += [f"g.{quoted(name)}" for name in group.columns.values()]
        outputs += [f'g."_key" AS {quoted(flag)}'] if flag else []
        order = ", ".join(f"g.{quoted(n)} DESC" for n in (*_ORDER, *group.columns.values()))
        ranked = (
            f"SELECT {', '.join(outputs)}, "
            f'row_number() OVER (PARTITION BY s."_row" ORDER BY {order}) AS "_rank"\n'
            f"FROM {quoted(spine)} s {kind} (\n{visible(group, self.snapshot)}\n) g ON {condition}"
        )
        return f'SELECT * FROM (\n{ranked}\n) WHERE "_rank" = 1'  # noqa: S608 - as above


def _presence(number: int) -> str:
    return f"_found_{number}"


def visible(group: GroupTable, snapshot: datetime | None) -> str:
    """Return the query of a group's writes that count: known at the snapshot, and not deleted."""
    moment = _moment(group.event_time, group.event_time_type)
    key = quoted(group.record_identifier)
    columns = "".join(f", {quoted(old)} AS {quoted(new)}" for old, new in group.columns.items())
    where = f'\nWHERE "write_time" <= {sql_timestamp(snapshot)}' if snapshot else ""
    return (
        "SELECT * FROM (\nSELECT "  # noqa: S608 - as above
        f'{key} AS "_key", {quoted(group.event_time)} AS "_time", {moment} AS "_moment", '
        f'"api_invocation_time" AS "_sent", "write_time" AS "_written", "is_deleted" AS "_gone", '
        f'max(CASE WHEN "is_deleted" THEN {moment} END) OVER (PARTITION BY {key}) AS "_deleted"'
        f"{columns}\nFROM {group.name}{where}\n"
        ') WHERE NOT "_gone" AND ("_deleted" IS NULL OR "_moment" >= "_deleted")'
    )


def summary_sql(group: GroupTable, since: datetime | None = None) -> str:
    """Return the query of what a group's store holds: records, rows and the last write.

    `arrived` counts the rows that were sent `since` then; all of them without it. The time of the
    call tells whose they are: they are written minutes later, together with others. Deletions
    count: of an erased record only its deletion is left.
    """
    recent = f'"api_invocation_time" >= {sql_timestamp(since)}' if since else "true"
    return (
        f"SELECT count(DISTINCT {quoted(group.record_identifier)}) AS records, "  # noqa: S608
        f'count(*) AS "rows", max("write_time") AS written, '
        f"sum(CASE WHEN {recent} THEN 1 ELSE 0 END) AS arrived "
        f"FROM {group.name}"
    )


def summaries_sql(groups: Sequence[GroupTable], since: Sequence[datetime | None]) -> str:
    """Return the query of `summary_sql` for several groups, each with its `number`."""
    return "\nUNION ALL\n".join(
        f"SELECT {number} AS number, s.* FROM ({summary_sql(group, moment)}) s"  # noqa: S608
        for number, (group, moment) in enumerate(zip(groups, since, strict=True))
    )


def quoted(name: str) -> str:
    """Return a name as an identifier of SQL."""
    return '"' + name.replace('"', '""') + '"'


def _first(rows: str, per: str, columns: Sequence[str]) -> str:
    """Return the query of the first row of each partition, in the order of `_ORDER`."""
    order = ", ".join(f"{quoted(name)} DESC" for name in (*_ORDER, *columns))
    outputs = ", ".join(map(quoted, ("_key", "_time", "_moment", *columns)))
    return (
        f"SELECT {outputs} FROM (\nSELECT *, "  # noqa: S608 - as above
        f'row_number() OVER (PARTITION BY {per} ORDER BY {order}) AS "_rank"\nFROM (\n{rows}\n)\n'
        ') WHERE "_rank" = 1'
    )


def _own(table: OwnTable) -> str:
    time = quoted(table.event_time)
    moment = _moment(table.event_time, table.event_time_type)
    columns = [f"{quoted(old)} AS {quoted(new)}" for old, new in table.columns.items()]
    key = quoted(table.record_identifier)
    return ", ".join([f'{key} AS "_key"', f'{time} AS "_time"', f'{moment} AS "_moment"', *columns])


def _moment(column: str, kind: EventTimeType) -> str:
    name = quoted(column)
    return f"from_iso8601_timestamp({name})" if kind == "String" else name
