"""The archive of a model, unpacked for MLflow."""

from __future__ import annotations

import tarfile
from pathlib import Path

from causeway.errors import UnexpectedState


def unpack(archive: Path, folder: Path) -> None:
    """Unpack a model archive; members that point outside or are no files are refused.

    Raises:
        UnexpectedState: the archive is none, or holds such a member.
    """
    try:
        with tarfile.open(archive, "r:gz") as tar:
            tar.extractall(folder, filter="data")
    except tarfile.TarError as error:
        raise UnexpectedState(
            f"the model archive cannot be unpacked: {error}",
            next_step="Look at what the training script leaves in SM_MODEL_DIR.",
        ) from error
