"""The access matrix: each check with its prediction and its probe, and what is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from itertools import groupby
from typing import Any

from causeway.access.checks import Check
from causeway.access.outside import Outsider
from causeway.access.prediction import Predictor
from causeway.access.verdicts import REMEDIES, Answer, Side, Verdict, untested
from causeway.instants import for_people, instant
from causeway.pages import markdown_table, markdown_text, text_table


class Finding(StrEnum):
    """What the prediction and the probe of a row say together."""

    WORKS = "works"
    DENIED = "denied"
    DISAGREES = "prediction and probe disagree"
    UNTESTED = "untested"


@dataclass(frozen=True)
class Row:
    """One check, answered twice."""

    check: Check
    predicted: Verdict
    probed: Verdict

    @property
    def finding(self) -> Finding:
        """What the two answers say together."""
        answers = {self.predicted.answer, self.probed.answer}
        # What does not exist is shared once it does; to a consumer it looks as if it were not.
        if Side.ABSENT in self.predicted.sides and self.probed.answer is not Answer.YES:
            return Finding.UNTESTED
        if {Answer.YES, Answer.NO} <= answers or self._blame_others():
            return Finding.DISAGREES
        if Answer.NO in answers:
            return Finding.DENIED
        return Finding.UNTESTED if self.probed.answer is Answer.UNTESTED else Finding.WORKS

    @property
    def sides(self) -> tuple[Side, ...]:
        """Every missing side that one of the two named."""
        return tuple(dict.fromkeys((*self.predicted.sides, *self.probed.sides)))

    def _blame_others(self) -> bool:
        predicted, probed = set(self.predicted.sides), set(self.probed.sides)
        comparable = predicted and probed and Side.UNKNOWN not in predicted | probed
        return bool(comparable) and not predicted & probed

    def as_json(self) -> dict[str, Any]:
        """The row as a dashboard reads it."""
        check = self.check
        return {
            "account": check.account,
            "account_role": check.account_role.value,
            "duty": check.duty,
            "owner": check.owner,
            "resource": check.resource,
            "grant": check.grant.value,
            "call": check.probe.value,
            "predicted": self.predicted.as_json(),
            "probed": self.probed.as_json(),
            "finding": self.finding.value,
            "next_steps": [REMEDIES[side] for side in self.sides],
        }


def matrix(
    checks: Iterable[Check], predictor: Predictor, probed: Mapping[str, Verdict]
) -> tuple[Row, ...]:
    """Put predictions beside the probes, which are known by the checks' keys."""
    missing = untested("the account's probes did not run")
    return tuple(
        Row(check, predictor.predict(check), probed.get(check.key, missing)) for check in checks
    )


def report(
    rows: Sequence[Row], others: Sequence[Outsider] = (), *, run: str, at: datetime
) -> dict[str, Any]:
    """Return the matrix as it is stored."""
    return {
        "schema": "causeway.access-matrix/1",
        "run": run,
        "at": instant(at),
        "summary": summary(rows),
        "rows": [row.as_json() for row in rows],
        "outside": [other.as_json() for other in others],
    }


def summary(rows: Iterable[Row]) -> dict[str, int]:
    """Return how many rows there are of each finding."""
    counted = Counter(row.finding.value for row in rows)
    return {finding.value: counted[finding.value] for finding in Finding}


def table(rows: Sequence[Row]) -> str:
    """Return the matrix as a text table: a line for each grant, and one for each call at fault."""
    return text_table(("account", "resource", "grant", "predicted", "probed"), _lines(rows))


def markdown(
    rows: Sequence[Row], others: Sequence[Outsider] = (), *, run: str, at: datetime
) -> str:
    """Return the matrix as a Markdown page."""
    counted = ", ".join(f"{count} {name}" for name, count in summary(rows).items())
    parts = [
        "# Access matrix",
        f"Run {markdown_text(run)}, {for_people(at)}: {counted}.",
        markdown_table(("account", "resource", "grant", "predicted", "probed"), _lines(rows)),
    ]
    parts += [f"- {markdown_text(fault_text(row))}" for row in faults_of(rows)]
    parts += [f"- Outside the topology: {markdown_text(str(other))}" for other in others]
    return "\n\n".join(parts) + "\n"


def faults_of(rows: Iterable[Row]) -> tuple[Row, ...]:
    """Return the rows that somebody has to look at."""
    return tuple(row for row in rows if row.finding in (Finding.DENIED, Finding.DISAGREES))


def fault_text(row: Row) -> str:
    """Return a fault in words: what does not work, which sides are missing, what fixes each."""
    check = row.check
    what = (
        f"{check.account_role.value} {check.duty} on {check.resource} ({check.grant.value}): "
        f"{check.probe.value}: predicted {row.predicted}, probed {row.probed}"
    )
    return f"{what}. {' '.join(REMEDIES[side] for side in row.sides)}".rstrip()


def _lines(rows: Sequence[Row]) -> list[tuple[str, ...]]:
    def grant(row: Row) -> tuple[str, str, str]:
        check = row.check
        return (f"{check.account_role.value} {check.account}", check.arn.path, check.grant.value)

    lines: list[tuple[str, ...]] = []
    for key, group in groupby(sorted(rows, key=grant), key=grant):
        of_grant = list(group)
        fine = all(row.finding is Finding.WORKS for row in of_grant)
        predicted = _share(row.predicted for row in of_grant)
        probed = _share(row.probed for row in of_grant)
        lines.append((*key, predicted, probed))
        for row in [] if fine else of_grant:
            if row.finding is not Finding.WORKS:
                mark = " (!)" if row.finding is Finding.DISAGREES else ""
                call = f"  {row.check.probe.value}{mark}"
                lines.append(("", call, row.check.duty, str(row.predicted), str(row.probed)))
    return lines


def _share(verdicts: Iterable[Verdict]) -> str:
    answers = [verdict.answer for verdict in verdicts]
    yes = answers.count(Answer.YES)
    if yes == len(answers):
        return "yes"
    word = "no" if Answer.NO in answers else "untested"
    return f"{word} ({yes} of {len(answers)} yes)"
