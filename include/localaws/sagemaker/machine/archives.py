"""Archives such as `model.tar.gz`: equal content gives equal bytes; unpacking is safe."""

from __future__ import annotations

import gzip
import tarfile
from pathlib import Path

from localaws.sagemaker.machine.failures import WorkFailedError

MAX_BYTES = 2 * 1024**3


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
    """Extract an archive into a folder; no member may be outside it (PEP 706's data filter).

    Raises:
        WorkFailedError: the file is not a tar.gz, a member is outside, or it is too large.
    """
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with tarfile.open(archive, "r:*") as tar:
            members = tar.getmembers()
            if sum(member.size for member in members) > MAX_BYTES:
                raise WorkFailedError(f"ClientError: {archive.name} extracts to more than 2 GiB")
            tar.extractall(folder, members, filter="data")
    except (tarfile.TarError, OSError, EOFError) as error:
        raise WorkFailedError(
            f"ClientError: {archive.name} cannot be extracted: {error}"
        ) from error
