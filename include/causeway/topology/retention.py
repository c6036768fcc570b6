"""How long the buckets keep what queries and jobs leave behind, and the audit's heads.

S3 counts whole days from midnight UTC and deletes in its own time, never early (S3 User Guide,
"Lifecycle configuration elements"). A version that is no longer current goes a day later.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, Final, Literal

from pydantic import Field

from causeway.documents import Strict

#: A result that may be deleted within a day is not relied on any more.
MARGIN: Final = timedelta(days=1)


class Retention(Strict):
    """Days after which leftovers of queries, and inputs and outputs of jobs, are deleted."""

    queries_days: Annotated[int, Field(ge=2, le=3650)] = 7
    jobs_days: Annotated[int, Field(ge=2, le=3650)] = 365
    #: How long a head of the audit is under object lock. In compliance mode nobody can delete it
    #: before that or make the time shorter, in governance mode who may write the bucket's policy.
    audit_days: Annotated[int, Field(ge=1, le=36500)] = 3650
    audit_mode: Literal["governance", "compliance"] = "governance"

    def jobs_expired(self, ended: datetime | None, now: datetime) -> bool:
        """Tell whether the outputs of a job that ended then may be gone."""
        return _expired(self.jobs_days, ended, now)

    def queries_expired(self, ended: datetime | None, now: datetime) -> bool:
        """Tell whether the results of a query that ended then may be gone."""
        return _expired(self.queries_days, ended, now)


def _expired(days: int, ended: datetime | None, now: datetime) -> bool:
    return ended is not None and now >= ended + timedelta(days=days) - MARGIN
