"""The shared scripts, imported as a job finds them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.jobs.scripts import Load, importing


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Import a script into this process."""
    yield from importing(monkeypatch)
