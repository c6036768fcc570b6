"""Archives of training jobs: the model for MLflow, and single documents."""

from __future__ import annotations

import io
from pathlib import Path, PurePosixPath

from causeway import archives
from causeway.errors import UnexpectedState

#: A document that a job leaves; it is read as a whole.
_MAX_DOCUMENT = 16 << 20


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a model archive into a new folder.

    Raises:
        UnexpectedState: it is no archive, or holds what `causeway.archives` does not take.
    """
    try:
        archives.unpack(archive, folder)
    except archives.ArchiveError as error:
        raise _refused("the model archive", error) from error


def document(archive: bytes, name: str, *, of: str) -> bytes | None:
    """Return the content of the first file of that name in an archive, None if there is none.

    Raises:
        UnexpectedState: it is no archive, or holds what is not taken.
    """
    try:
        for path, content in archives.files(io.BytesIO(archive)):
            if PurePosixPath(path).name == name:
                return content.read(_MAX_DOCUMENT)
    except archives.ArchiveError as error:
        raise _refused(of, error) from error
    return None


def _refused(what: str, error: archives.ArchiveError) -> UnexpectedState:
    return UnexpectedState(
        f"{what} cannot be unpacked: {error}",
        next_step="Look at what the training script leaves in SM_MODEL_DIR and SM_OUTPUT_DATA_DIR.",
    )
