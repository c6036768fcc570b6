"""One recorded lifecycle for these tests: the chain of DAGs under the shipped roles."""

from __future__ import annotations

import pytest

from tests.lifecycle.conftest import Runners, platform, runners  # noqa: F401 - fixtures
from tests.local_platform import LocalPlatform
from tests.security.lifecycle import Lifecycle
from tests.security.recording import Recording, record


@pytest.fixture(scope="session")
def recording(platform: LocalPlatform, runners: Runners) -> Recording:  # noqa: F811
    """What the gateway decided about a lifecycle, and the policies that stood there then."""
    Lifecycle(platform, runners).run()
    return record(platform)
