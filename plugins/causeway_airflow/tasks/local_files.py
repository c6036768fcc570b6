"""Files that a task reads: on the worker already, or downloaded from S3."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from causeway.errors import BadInput
from causeway_airflow.hooks.artifacts import ArtifactsHook


@dataclass(frozen=True)
class LocalFile:
    """A file on this worker, and what it is called in messages."""

    name: str
    path: Path


def local_file(objects: ArtifactsHook, source: str, target: Path) -> LocalFile:
    """Return the file of a path or of an `s3://` URI, whose object is downloaded to `target`.

    Raises:
        BadInput: the worker cannot read the path.
        AwsCallError: the object cannot be read.
    """
    if source.startswith("s3://"):
        objects.download(source, target)
        return LocalFile(source, target)
    path = Path(source)
    try:
        path.open("rb").close()
    except OSError as error:
        raise BadInput(
            f"the file {path} cannot be read: {error.strerror or error}",
            next_step="Name a file that the Airflow worker can read, or an s3:// URI.",
        ) from error
    return LocalFile(source, path)
