"""The reports by their names, and what may be asked of each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import StrEnum
from typing import Final

from causeway.errors import ConfigError
from causeway.governance_reports.approvals import approvals
from causeway.governance_reports.portfolio import portfolio
from causeway.governance_reports.production import production
from causeway.governance_reports.sheets import Sheet
from causeway.governance_reports.versions import versions
from causeway.governance_reports.views import ModelView
from causeway.instants import Day, for_people, read_day
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


def days_of(text: str | None, today: Day, choice: Sequence[Kind]) -> Mapping[Kind, Day]:
    """Return the day that each report is of: by default today, a day that is over for one alone.

    Raises:
        ConfigError: it is no day, has not begun, or is over where no report can be of it.
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
    if day != today and Kind.PRODUCTION not in choice:
        raise ConfigError(
            f"day: {', '.join(choice)} says how things stand, and cannot be of {day}",
            next_step=f"Ask for {Kind.PRODUCTION.value} on that day, or leave the day empty.",
        )
    return {kind: day if kind is Kind.PRODUCTION else today for kind in choice}


def sheet(
    kind: Kind, models: Sequence[ModelView], day: Day, topology: Topology, now: datetime
) -> Sheet:
    """Return a report on models, as things stand `now`."""
    if kind is Kind.PRODUCTION:
        return production(models, day, topology, now)
    of_now = {Kind.VERSIONS: versions, Kind.APPROVALS: approvals, Kind.PORTFOLIO: portfolio}
    content = of_now[kind](models, day)
    return replace(content, about=f"As of {for_people(now)}. {content.about}")
