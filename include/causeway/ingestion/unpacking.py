"""Takes a published raw file out of its archive.

Of an archive one named file is read, up to a limit, as a stream: no name in it becomes a path, no
link in it is followed.
"""

from __future__ import annotations

import hashlib
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Final

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
        if published.archive == "zip":
            with zipfile.ZipFile(downloaded) as archive, _zipped(archive, published) as content:
                yield content
        else:
            with tarfile.open(downloaded, "r:gz") as tar, _tarred(tar, published) as content:
                yield content
    except (zipfile.BadZipFile, tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise BadInput(
            f"{published.address} is no readable {published.archive} archive: {error}",
            next_step=NEXT_STEP,
        ) from error


def _zipped(archive: zipfile.ZipFile, published: Published) -> IO[bytes]:
    members = [member for member in archive.infolist() if member.filename == published.member]
    if len(members) != 1 or members[0].is_dir() or members[0].flag_bits & 1:
        raise _no_member(published, archive.namelist(), len(members))
    return archive.open(members[0])


def _tarred(archive: tarfile.TarFile, published: Published) -> IO[bytes]:
    members = [member for member in archive if member.name == published.member]
    content = archive.extractfile(members[0]) if len(members) == 1 and members[0].isreg() else None
    if content is None:
        raise _no_member(published, archive.getnames(), len(members))
    return content


def _no_member(published: Published, names: list[str], count: int) -> BadInput:
    how = f"{count} entries" if count > 1 else ("no plain file" if count else "nothing")
    return BadInput(
        f"{published.address} holds {how} called {published.member}; it holds "
        f"{', '.join(sorted(names)[:10]) or 'nothing at all'}",
        next_step=NEXT_STEP,
    )


def _read(content: IO[bytes], what: str) -> bytes:
    try:
        return content.read(BLOCK_BYTES)
    except (zipfile.BadZipFile, EOFError, zlib.error) as error:
        raise BadInput(f"{what} is damaged: {error}", next_step=NEXT_STEP) from error
