"""The manifest of a model artifact: the SHA-256 of the archive and of every file in it.

It is made where the artifact comes from and again of what was stored; the two must be equal.
An archive that could unpack to something else than it lists (`causeway.archives`) is refused,
whatever its digest.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import IO, Any, Final

from causeway.archives import MODEL, ArchiveError, Bounds, files
from causeway.digests import canonical_json, sha256
from causeway.errors import BadInput, UnexpectedState

_CHUNK: Final = 1 << 20


@dataclass(frozen=True)
class FileEntry:
    """One file of the artifact."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """An artifact as it is: its own digest and size, and its files by path."""

    sha256: str
    size: int
    files: tuple[FileEntry, ...]

    def text(self) -> str:
        """The manifest as the very text that is stored beside the artifact."""
        files = [{"path": f.path, "size": f.size, "sha256": f.sha256} for f in self.files]
        document: dict[str, Any] = {"sha256": self.sha256, "size": self.size, "files": files}
        return canonical_json(document)

    @property
    def digest(self) -> str:
        """The SHA-256 of the text."""
        return sha256(self.text())

    def require(self, evaluated: str, *, where: str) -> None:
        """Raise unless the archive has the digest that was evaluated.

        Raises:
            UnexpectedState: naming both digests.
        """
        if self.sha256 != evaluated:
            raise UnexpectedState(
                f"{where} holds SHA-256 {self.sha256}, evaluated was {evaluated}",
                next_step="Somebody changed the artifact; train again.",
            )

    def require_same(self, stored: Manifest, *, where: str) -> None:
        """Raise unless what was stored is what was read, file by file.

        Raises:
            UnexpectedState: naming the first files that differ.
        """
        if self == stored:
            return
        mine, theirs = ({f.path: f for f in m.files} for m in (self, stored))
        changed = [p for p in sorted(mine.keys() | theirs) if mine.get(p) != theirs.get(p)]
        raise UnexpectedState(
            f"{where} holds SHA-256 {stored.sha256} instead of {self.sha256}; files that differ: "
            f"{', '.join(changed[:5]) or 'none (only the archive around them)'}",
            next_step="Do not register or deploy it. Find who wrote it, then train again.",
        )


def manifest_of(archive: IO[bytes], *, where: str, bounds: Bounds = MODEL) -> Manifest:
    """Return the manifest of a `model.tar.gz`; `where` is only named in the errors.

    Raises:
        BadInput: it is no gzip-compressed tar archive, holds no file, or holds an entry that is
            neither a plain file nor a folder below the archive's root.
    """
    archive.seek(0)
    digest, size = _digest(archive)
    try:
        entries = [FileEntry(path, *_measured(body)) for path, body in files(archive, bounds)]
    except ArchiveError as error:
        raise _refused(where, str(error)) from error
    if not entries:
        raise _refused(where, "it holds no file")
    return Manifest(digest, size, tuple(sorted(entries, key=lambda entry: entry.path)))


def _measured(body: IO[bytes]) -> tuple[int, str]:
    digest, size = _digest(body)
    return size, digest


def _digest(stream: Any) -> tuple[str, int]:
    hasher, size = hashlib.sha256(), 0
    while chunk := stream.read(_CHUNK):
        hasher.update(chunk)
        size += len(chunk)
    return hasher.hexdigest(), size


def _refused(where: str, why: str) -> BadInput:
    return BadInput(
        f"the artifact {where} is refused: {why}",
        next_step="Train again, or have train.py write plain files into SM_MODEL_DIR.",
    )
