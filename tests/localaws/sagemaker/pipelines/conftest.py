"""The pipelines that the tests of a module share."""

from __future__ import annotations

import pytest

from tests.localaws.sagemaker.pipelines.pipes import Pipes
from tests.localaws.sagemaker.work import Workshop


@pytest.fixture(scope="module")
def pipes(workshop: Workshop) -> Pipes:
    return Pipes(workshop)
