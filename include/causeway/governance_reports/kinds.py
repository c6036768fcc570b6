"""The reports by their names, and what may be asked of each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import Final

from causeway.errors import ConfigError
from causeway.governance_reports.approvals import approvals
from causeway.governance_reports.portfolio import portfolio
from causeway.governance_reports.production import production
from causeway.governance_reports.sheets import Sheet
from causeway.governance_reports.versions import versions
from causeway.governance_reports.views import ModelView
from causeway.instants import Day, read_day
from causeway.topology.accounts import Topology


class Kind(StrEnum):
    """A report."""

    PRODUCTION = "production"
    VERSIONS = "versions"
    APPROVALS = "approvals"
    PORTFOLIO = "portfolio"


#: What asks for each of them.
ALL: Final = "all"


def kinds(text: str) -> tuple[Kind, ...]:
    """Return the reports that are asked for. Raises `ConfigError` when there is no such one."""
    if text == ALL:
        return tuple(Kind)
    if text not in set(Kind):
        raise ConfigError(
            f"there is no report {text!r}",
            next_step=f"Ask for one of: {ALL}, {', '.join(Kind)}.",
        )
    return (Kind(text),)


def day_of(text: str | None, today: Day, asked: Iterable[Kind]) -> Day:
    """Return the day that reports are of, by default today.

    Raises:
        ConfigError: it is no day, has not begun, or is over where a report is of how things stand.
    """
    try:
        day = read_day(text) if text else today
    except ValueError as error:
        raise ConfigError(
            f"day: {error}", next_step="Leave it empty for today, or pick a day."
        ) from error
    if day.date > today.date:
        raise ConfigError(
            f"day: {day} has not begun; today is {today} (UTC)",
            next_step="Leave it empty for today, or pick a day that has begun.",
        )
    others = [kind.value for kind in asked if kind is not Kind.PRODUCTION]
    if day != today and others:
        raise ConfigError(
            f"day: {', '.join(others)} say how things stand, and cannot be of {day}",
            next_step=f"Ask for {Kind.PRODUCTION.value} on that day, or leave the day empty.",
        )
    return day


def sheet(kind: Kind, models: Sequence[ModelView], day: Day, topology: Topology) -> Sheet:
    """Return a report on models."""
    if kind is Kind.PRODUCTION:
        return production(models, day, topology)
    of_now = {Kind.VERSIONS: versions, Kind.APPROVALS: approvals, Kind.PORTFOLIO: portfolio}
    return of_now[kind](models, day)
