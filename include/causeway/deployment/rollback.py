"""Rollback: which version an endpoint may go back to, judged from the governance table alone.

The registry and CloudTrail need not answer for it: it is what is done when something is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from causeway.deployment.leases import Live
from causeway.deployment.rollout import Target
from causeway.errors import UnexpectedState
from causeway.topology.arns import ModelPackageArn
from causeway.versions.stages import Status


@dataclass(frozen=True)
class Past:
    """What the table knows of a version: its first fingerprint, stops, production record."""

    package_sha256: str | None
    artifact_sha256: str | None
    is_stopped: bool
    status: Status | None


def names_of(live: Live) -> Target:
    """Return the names of a deployment that was live before; model and config are still there."""
    return Target(live.endpoint, live.endpoint_config, live.endpoint_config, live.artifact_sha256)


def choose(
    history: Iterable[Live],
    live: Live | None,
    past: Mapping[ModelPackageArn, Past],
    version: ModelPackageArn | None = None,
) -> Live:
    """Return what an endpoint goes back to: the last that may, or the named version.

    A version may that was recorded as live under the fingerprint that it was first seen with, that
    nobody has stopped, and that gave way to another.

    Raises:
        UnexpectedState: there is none; naming each and why not.
    """
    refused: dict[ModelPackageArn, str] = {}
    for entry in sorted(history, key=lambda entry: entry.fencing, reverse=True):
        other = version is not None and entry.version_arn != version
        if other or (live is not None and entry.version_arn == live.version_arn):
            continue
        why = _obstacle(entry, past.get(entry.version_arn))
        if why is None:
            return entry
        refused.setdefault(entry.version_arn, why)
    what = f"version {version.version}" if version else "no version"
    reasons = "; ".join(f"version {arn.version}: {why}" for arn, why in refused.items())
    raise UnexpectedState(
        f"{what} can be gone back to: {reasons or 'none other was live here'}"
        if version is None
        else f"{what} cannot be gone back to: {reasons or 'it was not live here, or it is live'}",
        next_step="Name a version that was live and that nobody has stopped, or promote another.",
    )


def _obstacle(entry: Live, past: Past | None) -> str | None:
    if past is None or past.package_sha256 is None:
        return "the table does not know it"
    if past.is_stopped:
        return "somebody has stopped it"
    if (past.package_sha256, past.artifact_sha256) != (entry.package_sha256, entry.artifact_sha256):
        return "it was live under another fingerprint"
    if past.status is not Status.SUPERSEDED:
        return f"its production record is {past.status.value if past.status else 'missing'}"
    return None
