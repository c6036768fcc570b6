"""The access log of a month, read from the trail's log files and CloudTrail's history."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any, Final

from causeway.access.log import WATCHED, accesses, records
from causeway.access.log_report import counts, document, markdown
from causeway.errors import ConfigError
from causeway.instants import Month, read_month
from causeway.reporting.reports import ACCESS_LOG, Report
from causeway.topology.account_roles import AUDITORS, AccountRole
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.audit_log import HISTORY, AuditLogHook
from causeway_airflow.hooks.log_files import LogFilesHook
from causeway_airflow.results import AccessLog
from causeway_airflow.tasks import clock
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.reports import store_report

log = logging.getLogger(__name__)

#: One lookup answers 50,000 events at the most (a thousand pages): a busy week of one operation.
WINDOW: Final = timedelta(days=7)
#: A day's last events are delivered in the first files of the next one.
LATE: Final = timedelta(days=1)


def write_log(hook: Hooks, month: str | None) -> AccessLog:
    """Count who did what in a month, print it, and store it under the month's name.

    Raises:
        ConfigError: the month is none, or has not begun.
        BadInput: a log file is none of CloudTrail's.
    """
    of, accounts = _month(month), topology()
    log_of_month = accesses(_feature_events(hook, of), of) + accesses(
        _registry_events(hook, of), of
    )
    gaps = _gaps(of)
    roles = {str(accounts.account(role)): role.value for role in accounts.roles}
    text = markdown(log_of_month, of, roles, gaps)
    log.info("%s", text)
    content, figures = document(log_of_month, of, gaps), counts(log_of_month)
    uri = store_report(hook, Report(ACCESS_LOG, str(of), of.start, figures, content, text))
    return AccessLog(month=str(of), counts=figures, report=uri)


def _month(text: str | None) -> Month:
    now = Month.of(clock.now())
    try:
        month = read_month(text) if text else now.before
    except ValueError as error:
        raise ConfigError(
            str(error), next_step="Name a month, or none for the last one."
        ) from error
    if month > now:
        raise ConfigError(f"{month} has not begun", next_step="Name a month that has.")
    return month


def _feature_events(hook: Hooks, month: Month) -> Iterator[Mapping[str, Any]]:
    """Yield the events of the data account's trail, file by file."""
    accounts, role = topology(), AccountRole.DATA
    files = hook(LogFilesHook, role, AUDITORS[role])
    account, bucket, day = accounts.account(role), accounts.trail_bucket, month.start
    while day < month.end + LATE and day <= clock.now():
        keys = files.of_day(bucket, account, accounts.region, day)
        for key, content in files.contents(bucket, keys):
            # The trail logs management events, too: those of the registry are its owner's to tell.
            for event in records(content, f"s3://{bucket}/{key}"):
                if event.get("eventName") not in WATCHED:
                    yield event
        day += timedelta(days=1)


def _registry_events(hook: Hooks, month: Month) -> Iterator[Mapping[str, Any]]:
    """Yield the calls on cards and versions from the history of the shared services account."""
    role = AccountRole.SHARED_SERVICES
    history, start = hook(AuditLogHook, role, AUDITORS[role]), month.start
    until = min(month.end, clock.now())
    while start < until:
        end = min(start + WINDOW, until)
        if end > clock.now() - HISTORY:
            for operation in WATCHED:
                yield from map(json.loads, history.calls(operation, start, end))
        start = end


def _gaps(month: Month) -> tuple[str, ...]:
    now = clock.now()
    gaps = []
    if month.end > now:
        gaps.append("the month is not over")
    if month.start < now - HISTORY:
        gaps.append(
            f"calls on cards and versions before {now - HISTORY:%Y-%m-%d} are no longer in "
            "CloudTrail's event history"
        )
    return tuple(gaps)
