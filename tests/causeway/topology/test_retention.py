"""How long leftovers are kept, and from when on they are not relied on."""

from __future__ import annotations

from datetime import timedelta

import pytest

from causeway.documents import parse
from causeway.errors import ConfigError
from causeway.topology.retention import Retention


def test_what_may_be_deleted_within_a_day_counts_as_gone(now) -> None:
    retention = Retention(queries_days=7, jobs_days=30)
    assert not retention.queries_expired(now - timedelta(days=5, hours=23), now)
    assert retention.queries_expired(now - timedelta(days=6), now)
    assert not retention.jobs_expired(now - timedelta(days=28), now)
    assert retention.jobs_expired(now - timedelta(days=29), now)


def test_what_has_not_ended_is_not_gone(now) -> None:
    assert not Retention().jobs_expired(None, now)


@pytest.mark.parametrize("text", ["queries_days: 1", "jobs_days: 0", "days: 3"])
def test_less_than_two_days_are_refused(text: str) -> None:
    with pytest.raises(ConfigError):
        parse(text, Retention, "topology.yaml")
