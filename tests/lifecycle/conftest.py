"""One lifecycle a session: it is walked once, and every test of this folder looks at its record."""

from __future__ import annotations

import traceback
from pathlib import Path
from typing import Final

import pytest

from tests.lifecycle.processes import runners
from tests.lifecycle.record import Record
from tests.lifecycle.recording import Recording, take
from tests.lifecycle.walk import Walk
from tests.local_platform import local_platform

#: The first test that looks waits for the whole walk, whose share of a busy machine may be small.
WALK_SECONDS: Final = 3600
FOLDER: Final = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give the tests of this folder the time of the walk."""
    for item in items:
        if item.path.is_relative_to(FOLDER):
            item.add_marker(pytest.mark.timeout(WALK_SECONDS))


@pytest.fixture(scope="session")
def record(tmp_path_factory: pytest.TempPathFactory) -> Record:
    """What the lifecycle left; its processes have ended when the first test looks at it."""
    lifecycle = Record()
    folder = tmp_path_factory.mktemp("lifecycle")
    with (
        local_platform(folder, airflow=True, accounts=False) as platform,
        runners(platform) as processes,
    ):
        try:
            Walk(platform, processes, lifecycle).walk()
            lifecycle.recording = take(platform)
        except Exception:
            lifecycle.failure = traceback.format_exc()
    return lifecycle


@pytest.fixture(scope="session")
def recording(record: Record) -> Recording:
    """What the gateway decided about the lifecycle, and the policies that stood there then."""
    return record.decisions()
