"""A version on its whole way to production, by the operators of a promotion."""

from __future__ import annotations

from tests.local_platform import LocalPlatform
from tests.plugins.candidates import (
    approve,
    clear,
    register,
    run_of,
    smoke,
    sync,
    to_production,
)
from tests.plugins.conftest import context, execute


def promoted(platform: LocalPlatform, note: str) -> str:
    """A version that went all the way."""
    version: str = register(note).perform(context())["version_arn"]
    sync()
    approve(platform, version)
    clear(platform, version)
    execute(to_production(version), run_of(version))
    smoke(version).perform(run_of(version))
    sync()
    return version
