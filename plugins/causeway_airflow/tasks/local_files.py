"""Files that a task reads: from the inbox of this machine, or downloaded from S3."""

from __future__ import annotations

import os
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from causeway.errors import BadInput
from causeway_airflow.configuration import inbox
from causeway_airflow.hooks.artifacts import ArtifactsHook


@dataclass(frozen=True)
class LocalFile:
    """A file on this worker, what it is called in messages, and whether its rows are invented."""

    name: str
    path: Path
    synthetic: bool = False


def local_file(objects: ArtifactsHook, source: str, target: Path) -> LocalFile:
    """Copy a file of the inbox, or the object of an `s3://` URI, to `target`.

    Raises:
        BadInput: the path leads to no plain file in the inbox, or there is no inbox.
        AwsCallError: the object cannot be read.
    """
    if source.startswith("s3://"):
        objects.download(source, target)
    else:
        _copy(source, target)
    return LocalFile(source, target)


def _copy(source: str, target: Path) -> None:
    """Copy a file of the inbox: what is checked is what is read, whoever renames it meanwhile."""
    folder = inbox()
    if folder is None:
        raise BadInput(
            f"{source[:200]!r} is no s3:// URI, and this installation takes no files from the "
            "machines of its workers",
            next_step="Put the file into a bucket that the topology declares, and give its URI.",
        )
    try:
        root = folder.resolve(strict=True)
        path = (root / source).resolve(strict=True)
        if not path.is_relative_to(root):
            raise _refused(source, folder)
        # A pipe would be waited for, and a link may be new since the path was resolved.
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(handle, "rb") as content, target.open("wb") as out:
            if not stat.S_ISREG(os.fstat(handle).st_mode):
                raise _refused(source, folder)
            shutil.copyfileobj(content, out, 1 << 20)
    except (
        OSError,
        ValueError,
        RuntimeError,
    ) as error:  # of a missing file, a NUL, a loop of links
        raise _refused(source, folder) from error


def _refused(source: str, folder: Path) -> BadInput:
    # Whether something is there is not said: who asks may not look into the rest of the machine.
    return BadInput(
        f"{source[:200]!r} is no plain file in the inbox {folder}",
        next_step=f"Copy the file into {folder} and give its name there, or give an s3:// URI.",
    )
