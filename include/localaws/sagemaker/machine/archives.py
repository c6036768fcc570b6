"""Archives such as `model.tar.gz`: equal content gives equal bytes; unpacking is safe."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path

from causeway import archives
from localaws.sagemaker.machine.failures import WorkFailedError

# AWS bounds what a container can hold by the volume of its instance.
BOUNDS = archives.Bounds(size=2 << 30)


def pack(folder: Path, archive: Path) -> None:
    """Write the files of a folder into a tar.gz.

    Sorted, without owner, time or archive name: the digest depends on the content only, so that the
    same training gives the same artifact.
    """
    with (
        archive.open("wb") as raw,
        gzip.GzipFile(filename="", fileobj=raw, mode="wb", mtime=0, compresslevel=6) as packed,
        tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for path in sorted(folder.rglob("*")):
            if path.is_file() and not path.is_symlink() and "__pycache__" not in path.parts:
                tar.add(path, str(path.relative_to(folder)), recursive=False, filter=_anonymous)


def _anonymous(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    member.mtime = 0
    member.mode = 0o644
    return member


def unpack(archive: Path, folder: Path) -> None:
    """Extract an archive into a folder.

    Raises:
        WorkFailedError: it is no tar.gz, or holds what `causeway.archives` does not take.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        archives.unpack(archive, folder, BOUNDS)
    except (archives.ArchiveError, OSError) as error:
        raise WorkFailedError(
            f"ClientError: {archive.name} cannot be extracted: {error}"
        ) from error
