"""The chain of the use case's scripts on a synthetic sample."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.jobs.scripts import Chain, Load, importing, made_chain


@pytest.fixture(scope="session")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """The whole chain up to a trained model."""
    return made_chain(tmp_path_factory.mktemp("credit-risk"), "credit_risk", "credit.asc")


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Iterator[Load]:
    """Import a script into this process."""
    yield from importing(monkeypatch)
