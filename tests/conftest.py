"""The order of the tests: the long files first, so that no worker ends long after the other.

Each of these files stands a platform up and takes a model through a lifecycle; a file goes to one
worker as a whole.
"""

from __future__ import annotations

import os

import pytest

# Read when MLflow is imported, which some tests do at their top.
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

LONG = ("tests/e2e/", "tests/security/", "tests/chaos/", "tests/lifecycle/", "tests/plugins/")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first; the order within a file stays."""

    def place(item: pytest.Item) -> int:
        return next((n for n, path in enumerate(LONG) if item.nodeid.startswith(path)), len(LONG))

    items.sort(key=place)
