from dataclasses import replace
from datetime import timedelta

import pytest

from causeway.deployment.leases import Live
from causeway.deployment.periods import live_at, periods
from causeway.topology.account_roles import AccountRole

DAY = timedelta(days=1)


@pytest.fixture
def history(make_version, now) -> list[Live]:
    """Version 1 from the first day, 2 from the third, 1 again from the fourth."""
    return [
        Live(
            *(AccountRole.PROD, "m", make_version(number).arn, "a" * 64, "e", "c", "r", fencing),
            deployed_at=now + day * DAY,
        )
        for fencing, (number, day) in enumerate([(1, 0), (2, 2), (1, 3)])
    ]


def test_each_deployment_ends_the_period_before_it(history, now) -> None:
    spans = periods(history, history[-1])
    assert [span.live.version_arn.version for span in spans] == [1, 2, 1]
    assert [span.until for span in spans] == [None, now + 3 * DAY, now + 2 * DAY]


def test_what_was_live_at_a_time_is_told_to_the_moment(history, now) -> None:
    spans = periods(history, history[-1])
    times = {now - DAY: None, now: 1, now + 2 * DAY: 2, now + 3 * DAY: 1, now + 90 * DAY: 1}
    for time, version in times.items():
        span = live_at(spans, time)
        assert (span.live.version_arn.version if span else None) == version


def test_an_endpoint_that_was_removed_serves_nothing_afterwards(history, now) -> None:
    spans = periods(history, replace(history[-1], removed_at=now + 5 * DAY))
    assert live_at(spans, now + 6 * DAY) is None


def test_an_endpoint_that_never_was_has_no_periods() -> None:
    assert periods([], None) == ()
