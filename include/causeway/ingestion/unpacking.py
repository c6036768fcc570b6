"""Takes a published raw file out of its archive.

Of an archive one named file is read, up to a limit, as a stream: no name in it becomes a path, no
link in it is followed. An archive that holds anything but plain files and folders is refused.
"""

from __future__ import annotations

import hashlib
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

from causeway.archives import (
    MODEL,
    ArchiveError,
    check_entries,
    files,
    plain_path,
)
from causeway.errors import BadInput
from causeway.use_cases.published import NEXT_STEP, Published, check_digest

BLOCK_BYTES: Final = 1 << 20


def unpack(downloaded: Path, published: Published, target: Path, *, head: bytes = b"") -> None:
    """Write the raw file to `target`, after `head`.

    Raises:
        BadInput: no such archive, no such file in it, too large, or another digest.
    """
    digest, size = hashlib.sha256(), 0
    what = published.member or published.address
    with _opened(downloaded, published) as content, target.open("wb") as out:
        out.write(head)
        while block := _read(content, what):
            size += len(block)
            if size > published.limit:
                raise BadInput(f"{what} has more than {published.limit} bytes", next_step=NEXT_STEP)
            digest.update(block)
            out.write(block)
    check_digest(digest.hexdigest(), published.sha256, what)


@contextmanager
def _opened(downloaded: Path, published: Published) -> Iterator[IO[bytes]]:
    if published.archive is None:
        with downloaded.open("rb") as content:
            yield content
        return
    try:
        with downloaded.open("rb") as packed:
            if published.archive == "zip":
                with zipfile.ZipFile(packed) as archive, _zipped(archive, published) as content:
                    yield content
            else:
                yield _tarred(packed, published)
    except (zipfile.BadZipFile, ArchiveError, EOFError, OSError, zlib.error) as error:
        raise BadInput(
            f"{published.address} is no readable {published.archive} archive: {error}",
            next_step=NEXT_STEP,
        ) from error


def _zipped(archive: zipfile.ZipFile, published: Published) -> IO[bytes]:
    entries = archive.infolist()
    packed = sum(entry.compress_size for entry in entries)
    paths = [plain_path(e.filename, plain=_plain(e), folder=e.is_dir()) for e in entries]
    check_entries(
        ((path, e.is_dir(), e.file_size) for path, e in zip(paths, entries, strict=True)),
        packed,
        MODEL,
    )
    members = [e for e in entries if e.filename == published.member and not e.is_dir()]
    if len(members) != 1:
        raise _no_member(published, archive.namelist())
    return archive.open(members[0])


def _plain(entry: zipfile.ZipInfo) -> bool:
    """Tell whether an entry is a file or a folder, and not encrypted."""
    kind = stat.S_IFMT(entry.external_attr >> 16)  # nothing where no Unix wrote the archive
    return kind in (0, stat.S_IFREG, stat.S_IFDIR) and not entry.flag_bits & 1


def _tarred(packed: IO[bytes], published: Published) -> IO[bytes]:
    names = []
    for path, content in files(packed):
        if path == published.member:
            return content
        names.append(path)
    raise _no_member(published, names)


def _no_member(published: Published, names: list[str]) -> BadInput:
    return BadInput(
        f"{published.address} holds no plain file called {published.member}; it holds "
        f"{', '.join(sorted(names)[:10]) or 'nothing at all'}",
        next_step=NEXT_STEP,
    )


def _read(content: IO[bytes], what: str) -> bytes:
    try:
        return content.read(BLOCK_BYTES)
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise BadInput(f"{what} is damaged: {error}", next_step=NEXT_STEP) from error
