"""How the tests are spread over the workers, and what a killed run before this one left.

A file goes to one worker as a whole, because its tests share what they stand on; so do the files
of `tests/lifecycle`, which look at one record. The long ones come first, so that no worker ends
long after the other.
"""

from __future__ import annotations

import gc
import os
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from botocore.loaders import Loader

from tests import leftovers

if TYPE_CHECKING:
    from xdist.scheduler import LoadFileScheduling

#: Fixtures that several folders share, each once in a process.
pytest_plugins = ["tests.plugins.shared_platform"]

# Read when MLflow is imported, which some tests do at their top.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

# Each session reads the descriptions of its services anew, a tenth of a second each. moto has one
# of S3 by itself, in a folder of its own.
DESCRIPTIONS: dict[tuple[str, ...], dict[Any, Any]] = {}
Loader._cache = property(
    lambda loader: DESCRIPTIONS.setdefault(tuple(loader.search_paths), {}),
    lambda loader, own: None,
)

LONG = (
    "tests/e2e/",
    "tests/lifecycle/",
    "tests/chaos/",
    "tests/plugins/",
    "tests/security/production/",
    "tests/infra/",
)
ONE_WORKER = "tests/lifecycle/"


def pytest_sessionstart(session: pytest.Session) -> None:
    """End what a killed run left, once for all workers."""
    if not hasattr(session.config, "workerinput"):
        leftovers.end()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first; the order within a file stays."""

    def position(item: pytest.Item) -> int:
        return next((n for n, path in enumerate(LONG) if item.nodeid.startswith(path)), len(LONG))

    items.sort(key=position)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Leave out of each garbage collection what the imports made: a fifth of the CPU of a run."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(700, 10, 50)


@pytest.fixture(autouse=True)
def no_session_left() -> None:
    """Have no test sign with the credentials that an earlier one left in boto3's own session.

    Not by `monkeypatch`: it would be there before a test's other fixtures, and go after them.
    """
    boto3.DEFAULT_SESSION = None


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> LoadFileScheduling:
    """Give each file to one worker, and the folder of the lifecycle like one file."""
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):
        def _split_scope(self, nodeid: str) -> str:
            if nodeid.startswith(ONE_WORKER):
                return ONE_WORKER
            return str(super()._split_scope(nodeid))

    return Scheduling(config, log)
