"""The copy of a model artifact, verified on both sides: file by file as read and as stored."""

from __future__ import annotations

import tempfile

from causeway.errors import UnexpectedState
from causeway.registration.manifest import Manifest, manifest_of
from causeway_airflow.hooks.artifacts import ArtifactsHook, StoredObject


def copy_artifact(
    files: ArtifactsHook, source: str, target: str, *, sha256: str, kms_key: str
) -> tuple[StoredObject, Manifest]:
    """Copy a model artifact through this principal's hands; `sha256` is what was evaluated.

    Raises:
        BadInput: the source is no archive that can be read.
        UnexpectedState: the source is not what was evaluated, or the target not what was written.
        NameTaken: the target's key holds something else.
    """
    with tempfile.TemporaryFile() as archive:
        files.fetch(source, archive)
        archive.seek(0)
        manifest = manifest_of(archive, where=source)
        manifest.require(sha256, where=source)
        archive.seek(0)
        stored = files.put(target, archive, sha256=sha256, kms_key=kms_key)
    with tempfile.TemporaryFile() as archive:
        fetched = files.fetch(target, archive)
        archive.seek(0)
        manifest.require_same(manifest_of(archive, where=target), where=target)
    if fetched.version_id != stored.version_id:
        raise UnexpectedState(
            f"{target} is version {fetched.version_id}, written was {stored.version_id}",
            principal=files.principal,
            next_step="Somebody wrote over it: find out who, then train again.",
        )
    return stored, manifest
