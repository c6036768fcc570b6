"""The raw file against its contract: refused with row and column named, before anything is written.

The whole file is read as text first; types come from the contract. Nothing is repaired here.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from causeway.config import UseCase
from causeway.contracts import Feature, parse_instant
from causeway.documents import sha256
from causeway.errors import BadInput, Problem

#: Separators that are recognised and named when a file uses another than its contract.
_SEPARATORS: Final = {",": "comma", ";": "semicolon", "\t": "tab", " ": "space", "|": "bar"}
_NEXT_STEP: Final = "Mend the file and hand it in again; nothing was written."


@dataclass(frozen=True)
class RawTable:
    """A validated raw file: values as text, by column, with record ids and event times.

    All sequences have the same length; `ids` are unique.
    """

    columns: dict[str, tuple[str, ...]]
    ids: tuple[str, ...]
    event_times: tuple[str, ...]
    sha256: str

    def __len__(self) -> int:
        return len(self.ids)


@dataclass
class _Findings:
    """Problems in file order, up to a limit; the rest is counted."""

    limit: int
    found: list[Problem] = field(default_factory=list)
    more: int = 0

    def add(self, row: int | None, column: str | None, value: str | None, reason: str) -> None:
        if len(self.found) < self.limit:
            self.found.append(Problem(row, column, value, reason))
        else:
            self.more += 1


def validate_raw(
    content: bytes | str, case: UseCase, *, file: str = "the raw file", limit: int = 20
) -> RawTable:
    """Check a raw file against the use case's contract and return it as a table.

    Args:
        content: the file's bytes (UTF-8, a byte-order mark is allowed) or text.
        case: the use case whose `data` and features are the contract.
        file: how the file is called in the error.
        limit: how many problems are listed; the others are counted.

    Raises:
        BadInput: with row (the line number in the file), column, value and reason of each.
    """
    digest = sha256(content)
    lines = _lines(content, file)
    header_rows = 1 if case.data.format.header else 0
    if not any(line.strip() for line in lines[header_rows:]):
        found = "is empty" if not lines else "has a header, but no records"
        raise _bad(f"{file} {found}", [])
    names = _header(lines[0], case, file) if header_rows else list(case.data.columns)
    findings = _Findings(limit)
    rows = _rows(lines[header_rows:], names, case, header_rows + 1, findings)
    columns: dict[str, list[str]] = {name: [] for name in case.data.columns}
    numbers: list[int] = []
    # Row by row, so that problems are listed in the order of the file.
    checks = [(name, case.by_source.get(name)) for name in names]
    for number, values in rows:
        numbers.append(number)
        for (name, feature), value in zip(checks, values, strict=True):
            columns[name].append(value)
            if feature is not None:
                _check(feature, name, value, number, findings)
    ids = _ids(columns, numbers, header_rows, case, findings)
    times = _times(columns, numbers, case, findings)
    if findings.found:
        raise _bad(
            f"{file} breaks the contract of use case {case.id}", findings.found, findings.more
        )
    return RawTable({k: tuple(v) for k, v in columns.items()}, ids, times, digest)


def _lines(content: bytes | str, file: str) -> list[str]:
    text = content if isinstance(content, str) else _decoded(content, file)
    lines = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").split("\n")
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _decoded(content: bytes, file: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start) + 1
        found = repr(content[error.start : error.end])
        raise _bad(f"{file} is no UTF-8 text", [Problem(row, None, found, "no UTF-8")]) from error


def _header(line: str, case: UseCase, file: str) -> list[str]:
    separator = case.data.format.separator
    try:
        names = _split(line, separator)
    except csv.Error as error:
        raise _bad(
            f"{file} has no readable header", [Problem(1, None, None, str(error))]
        ) from error
    wanted = case.data.columns
    if len(names) == 1 and len(wanted) > 1:
        other = next((s for s in _SEPARATORS if len(_split(line, s)) > 1), None)
        found = f"{_SEPARATORS[other]} ({other!r})" if other else "no known separator"
        name = _SEPARATORS.get(separator, "text")
        raise _bad(
            f"{file} has the wrong separator: expected {name} ({separator!r}), found {found}",
            [Problem(1, None, line[:60], "is one column when read with the expected separator")],
        )
    problems = [
        Problem(1, name, None, "the column is missing") for name in wanted if name not in names
    ]
    problems += [
        Problem(1, name, None, f"is no column of the contract; allowed: {', '.join(wanted)}")
        for name in names
        if name not in wanted
    ]
    problems += [
        Problem(1, name, None, f"stands {count} times in the header")
        for name, count in Counter(names).items()
        if count > 1
    ]
    if problems:
        raise _bad(f"{file} has the wrong columns", problems)
    return names


def _rows(
    lines: list[str], names: list[str], case: UseCase, first: int, findings: _Findings
) -> Iterator[tuple[int, list[str]]]:
    for number, line in enumerate(lines, start=first):
        if not line.strip():
            findings.add(number, None, None, "the line is empty")
            continue
        try:
            values = _split(line, case.data.format.separator)
        except csv.Error as error:
            findings.add(number, None, line[:60], f"cannot be read: {error}")
            continue
        if len(values) != len(names):
            findings.add(
                number, None, line[:60], f"has {len(values)} values, expected {len(names)}"
            )
            continue
        yield number, values


def _split(line: str, separator: str) -> list[str]:
    # Nothing is trimmed: what the job's reader would not take is refused here, by row.
    return next(csv.reader([line], delimiter=separator))


def _check(feature: Feature, column: str, value: str, row: int, findings: _Findings) -> None:
    fault = feature.fault_of(value)
    if fault is not None:
        findings.add(row, column, value, fault)


def _ids(
    columns: dict[str, list[str]],
    numbers: list[int],
    header_rows: int,
    case: UseCase,
    findings: _Findings,
) -> tuple[str, ...]:
    rule = case.data.record_id
    if rule.column is None:
        # The n-th record has number n, whatever the header: ids survive a header's loss.
        return tuple(rule.format % (number - header_rows) for number in numbers)
    ids = columns[rule.column]
    first: dict[str, int] = {}
    for number, value in zip(numbers, ids, strict=True):
        if not value:
            findings.add(number, rule.column, value, "the record has no id")
        elif value in first:
            findings.add(
                number, rule.column, value, f"the record id is a duplicate of row {first[value]}"
            )
        else:
            first[value] = number
    return tuple(ids)


def _times(
    columns: dict[str, list[str]], numbers: list[int], case: UseCase, findings: _Findings
) -> tuple[str, ...]:
    rule = case.data.event_time
    if rule.column is None:
        return (str(rule.fixed),) * len(numbers)
    times: list[str] = []
    for number, value in zip(numbers, columns[rule.column], strict=True):
        try:
            moment = parse_instant(value)
        except ValueError as error:
            findings.add(number, rule.column, value, str(error))
            continue
        times.append(moment.isoformat(timespec="milliseconds").replace("+00:00", "Z"))
    return tuple(times)


def _bad(what: str, problems: list[Problem], more: int = 0) -> BadInput:
    return BadInput(what, problems, more=more, next_step=_NEXT_STEP)
