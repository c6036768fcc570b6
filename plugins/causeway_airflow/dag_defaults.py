"""What every DAG has: owner, retries, timeouts, tags, limits."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from airflow.sdk import CronTriggerTimetable

OWNER: Final = "ml-platform"

#: Every tag a DAG may carry, and what it says.
TAGS: Final = {
    "platform": "keeps the accounts, the shares or the stage table in order",
    "use-case": "belongs to one use case",
    "features": "raw data to feature groups",
    "training": "feature groups to a registered version",
    "promotion": "a registered version to production",
    "governance": "records, decisions, evidence",
}

#: A task's defaults. Retries are for what may pass (throttling, outages): whatever a retry cannot
#: fix raises AirflowFailException and fails at once.
DEFAULT_ARGS: Final[dict[str, Any]] = {
    "owner": OWNER,
    "retries": 2,
    "retry_delay": timedelta(seconds=5),
    "retry_exponential_backoff": True,
    "max_retry_delay": timedelta(minutes=5),
    "execution_timeout": timedelta(minutes=30),
}

#: How long a person may take to decide; an approval that nobody gave fails the run visibly.
DECISION_WAIT: Final = timedelta(days=14)
#: How long a job may take before its task gives up waiting (SageMaker stops it by its own bound).
JOB_WAIT: Final = timedelta(hours=2)
ENDPOINT_WAIT: Final = timedelta(hours=1)
#: Promotions of one model that may wait side by side; each costs no worker while it waits.
MAX_PROMOTIONS: Final = 64


def at(cron: str) -> CronTriggerTimetable:
    """Return a schedule in UTC whose first run is at the next of its times.

    A start date in the past would have every scheduled DAG run as soon as it is seen, before the
    accounts are there, and a time that has just passed counts for a tenth of the period: on
    Sunday night a weekly run would begin with the stack.
    """
    from airflow.sdk import CronTriggerTimetable

    return CronTriggerTimetable(cron, timezone="UTC", run_immediately=timedelta(minutes=1))


def dag_arguments(
    *tags: str,
    doc: str | None,
    owner: str = OWNER,
    max_active_runs: int = 1,
    use_case: str | None = None,
) -> dict[str, Any]:
    """Return the arguments that every `DAG(...)` of ours takes.

    Args:
        tags: what the DAG is about.
        doc: its runbook; the words behind the colon of its title describe it in lists.
        owner: who owns its tasks.
        max_active_runs: how many runs may go on side by side.
        use_case: the use case that it belongs to, which is a tag as well.

    Raises:
        ValueError: a tag is not in `TAGS`, which stays the one list.
    """
    _check(tags)
    callbacks: dict[str, Any] = {}
    if "platform" in tags:
        # These DAGs run when nobody watches: a failure raises an alert.
        from causeway_airflow.notifiers.alerts import FailureNotifier

        callbacks["on_failure_callback"] = FailureNotifier()
    return {
        "catchup": False,
        "max_active_runs": max_active_runs,
        "default_args": {**DEFAULT_ARGS, "owner": owner, **callbacks},
        "tags": sorted({*tags, use_case} - {None}),
        "doc_md": doc,
        "description": (doc or "").partition("\n")[0].partition(": ")[2],
    }


def _check(tags: Iterable[str]) -> None:
    unknown = sorted(set(tags) - TAGS.keys())
    if unknown:
        raise ValueError(f"unknown tags {unknown}; use some of {sorted(TAGS)} or add them there")
