"""The one way to take files out of a `tar.gz`: checked as a whole before anything is written.

Plain files and folders only, bounded in number, size and ratio. Domain, tasks and local AWS read
archives by it alone.
"""

from __future__ import annotations

import gzip
import tarfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

_CHUNK: Final = 1 << 20
_PLAIN: Final = (tarfile.REGTYPE, tarfile.AREGTYPE)
# A header that describes the next entry; tarfile reads one into memory as a whole.
_MAX_HEADER: Final = 1 << 16
_HEADERS: Final = (
    tarfile.XHDTYPE,
    tarfile.XGLTYPE,
    tarfile.SOLARIS_XHDTYPE,
    tarfile.GNUTYPE_LONGNAME,
    tarfile.GNUTYPE_LONGLINK,
)
_MAX_NAME: Final = 255  # bytes of a part of a path, which is what file systems take


class ArchiveError(ValueError):
    """An archive that is none, or that is not taken; the message says why."""


@dataclass(frozen=True)
class Bounds:
    """What an archive may hold; `ratio` counts from `free` bytes on."""

    files: int = 10_000
    size: int = 20 << 30  # more than any model here has
    ratio: int = 200
    free: int = 16 << 20


MODEL: Final = Bounds()


def files(archive: IO[bytes], bounds: Bounds = MODEL) -> Iterator[tuple[str, IO[bytes]]]:
    """Check a whole archive, then yield the path and the content of each file in it.

    Raises:
        ArchiveError: it is no gzip-compressed tar archive, or holds what is not taken.
    """
    _check(archive, bounds)
    yield from _plain_files(archive, bounds)


def unpack(archive: Path, folder: Path, bounds: Bounds = MODEL) -> None:
    """Write the files of an archive into a folder that has none of them.

    Raises:
        ArchiveError: nothing is written then.
    """
    with archive.open("rb") as stream:
        for path, content in files(stream, bounds):
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("xb") as out:  # follows no link, and replaces nothing
                while chunk := content.read(_CHUNK):
                    out.write(chunk)


def _check(archive: IO[bytes], bounds: Bounds) -> None:
    packed = archive.seek(0, 2)
    entries = ((_path(m), m.isdir(), m.size) for m, _ in _members(archive, bounds))
    check_entries(entries, packed, bounds)


def check_entries(
    entries: Iterable[tuple[PurePosixPath, bool, int]], packed: int, bounds: Bounds
) -> None:
    """Check path, kind (is it a folder?) and size of all entries against the bounds.

    Raises:
        ArchiveError: too many, too large, too large for `packed` bytes, or one path twice.
    """
    paths: set[PurePosixPath] = set()
    folders: set[PurePosixPath] = set()
    total = 0
    for path, folder, size in entries:
        folders |= {path, *path.parents} if folder else set(path.parents)
        if not folder and path in paths:
            raise ArchiveError(f"{str(path)!r} is there twice")
        if not folder:
            paths.add(path)
            total += size
        if len(paths) + len(folders) > bounds.files:
            raise ArchiveError(f"it holds more than {bounds.files} files and folders")
        if total > bounds.size:
            raise ArchiveError(f"its files have more than {bounds.size} bytes")
        if total > bounds.free and total > packed * bounds.ratio:
            raise ArchiveError(f"its files are more than {bounds.ratio} times as large as it is")
    if both := paths & folders:
        raise ArchiveError(f"{str(min(both))!r} is both a file and a folder")


def _plain_files(archive: IO[bytes], bounds: Bounds) -> Iterator[tuple[str, IO[bytes]]]:
    for member, tar in _members(archive, bounds):
        content = tar.extractfile(member) if member.isreg() else None
        if content is not None:
            yield str(_path(member)), content


def _members(
    archive: IO[bytes], bounds: Bounds
) -> Iterator[tuple[tarfile.TarInfo, tarfile.TarFile]]:
    """Yield the entries in order, and read to the end: there is the checksum of the stream."""
    archive.seek(0)
    # The headers of the entries come on top of what the files have.
    most = bounds.size + bounds.files * 4096 + _CHUNK
    try:
        with gzip.GzipFile(fileobj=archive, mode="rb") as unzipped:
            stream: Any = _Bounded(unzipped, most)  # tarfile needs no more of it than `read`
            with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Entry) as tar:
                for member in tar:
                    yield member, tar
            while unzipped.read(_CHUNK):
                if unzipped.tell() > most:
                    raise ArchiveError("it unpacks to more than is taken")
    except ArchiveError:
        raise
    except (tarfile.TarError, OSError, EOFError, ValueError, zlib.error) as error:
        raise ArchiveError(f"it is no readable gzip-compressed tar archive: {error}") from error


def _path(member: tarfile.TarInfo) -> PurePosixPath:
    plain = member.isdir() or (member.type in _PLAIN and not member.issparse())
    return plain_path(member.name, plain=plain, folder=member.isdir())


def plain_path(name: str, *, plain: bool, folder: bool) -> PurePosixPath:
    """Return the path of an entry below the archive's root.

    Raises:
        ArchiveError: it is not `plain`, or its name is none that every system takes as it is.
    """
    path = PurePosixPath(name)
    inside = not path.is_absolute() and ".." not in path.parts and "\\" not in name
    short = all(len(part.encode("utf-8", "replace")) <= _MAX_NAME for part in path.parts)
    named = bool(path.parts) or folder
    if not (plain and inside and short and named and name.isprintable()):
        raise ArchiveError(f"entry {name[:80]!r} is no plain file below the archive's root")
    return path


class _Entry(tarfile.TarInfo):
    """An entry whose own headers are small."""

    def _proc_member(self, archive: tarfile.TarFile) -> Any:
        if self.type in _HEADERS and self.size > _MAX_HEADER:
            raise ArchiveError("a header of it is too large")
        return super()._proc_member(archive)  # type: ignore[misc]  # of tarfile, not public


class _Bounded:
    """A stream that ends with an error where it should have ended."""

    def __init__(self, stream: gzip.GzipFile, most: int) -> None:
        self._stream, self._left = stream, most

    def read(self, size: int) -> bytes:
        """Read as tarfile does: in small blocks."""
        block = self._stream.read(size)
        self._left -= len(block)
        if self._left < 0:
            raise ArchiveError("it unpacks to more than is taken")
        return block
