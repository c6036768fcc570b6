"""A published file is read out of its archive, and nothing else happens with the archive."""

from __future__ import annotations

import hashlib
import io
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from causeway.errors import BadInput
from causeway.ingestion.unpacking import unpack
from causeway.use_cases.published import Published

ADDRESS = "https://example.org/data"
ROWS = b"1 2\n3 4\n"


def zipped(*members: tuple[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members:
            archive.writestr(name, body)
    return content.getvalue()


def tarred(*members: tuple[str, bytes], kind: bytes = tarfile.REGTYPE) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as archive:
        for name, body in members:
            member = tarfile.TarInfo(name)
            member.size, member.type, member.linkname = len(body), kind, "/etc/passwd"
            archive.addfile(member, io.BytesIO(body))
    return content.getvalue()


MAKES: dict[str, Callable[..., bytes]] = {"zip": zipped, "tar.gz": tarred}


def unpacked(folder: Path, content: bytes, **fields: Any) -> bytes:
    (folder / "download").write_bytes(content)
    target = folder / "raw"
    published = Published.model_validate({"address": ADDRESS, "member": "a/rows", **fields})
    unpack(folder / "download", published, target, head=b"x y\n")
    return target.read_bytes()


@pytest.mark.parametrize("kind", MAKES)
def test_the_member_is_read_and_no_other_is_written(kind: str, tmp_path: Path) -> None:
    content = MAKES[kind](("b", b"other"), ("a/rows", ROWS), ("a/more", b"more"))
    digest = hashlib.sha256(ROWS).hexdigest()
    assert unpacked(tmp_path, content, archive=kind, sha256=digest) == b"x y\n" + ROWS
    assert {path.name for path in tmp_path.iterdir()} == {"download", "raw"}


def test_a_file_that_is_no_archive_is_taken_as_it_is(tmp_path: Path) -> None:
    assert unpacked(tmp_path, ROWS, member="") == b"x y\n" + ROWS


REFUSED: dict[str, tuple[bytes, dict[str, Any], str]] = {
    "another digest": (zipped(("a/rows", ROWS)), {"sha256": "0" * 64}, "its SHA-256 is "),
    "no such file in a zip": (zipped(("b", ROWS)), {}, "no plain file called a/rows; it holds b"),
    "no such file in a tar": (
        tarred(("b", ROWS)),
        {"archive": "tar.gz"},
        "no plain file called a/rows",
    ),
    "a way out of the folder": (zipped(("../evil", b""), ("a/rows", ROWS)), {}, "no plain file"),
    "a way to the root": (
        tarred(("/tmp/evil", b""), ("a/rows", ROWS)),
        {"archive": "tar.gz"},
        "no plain file",
    ),
    "a folder": (zipped(("a/rows/", b"")), {"member": "a/rows/"}, "no plain file called a/rows/"),
    "a link": (
        tarred(("a/rows", b""), kind=tarfile.SYMTYPE),
        {"archive": "tar.gz"},
        "no plain fil",
    ),
    "a device": (tarred(("a/rows", b""), kind=tarfile.CHRTYPE), {"archive": "tar.gz"}, "no plain"),
    "twice": (tarred(("a/rows", ROWS), ("a/rows", b"")), {"archive": "tar.gz"}, "there twice"),
    "larger than allowed": (zipped(("a/rows", b"0" * 5000)), {"limit": 4999}, "more than 4999"),
    "no zip": (b"<html>", {}, "no readable zip archive"),
    "no tar": (b"<html>", {"archive": "tar.gz"}, "no readable tar.gz archive"),
    "cut": (tarred(("a/rows", ROWS * 9000))[:-40], {"archive": "tar.gz"}, "no readable|damaged"),
    "nothing": (b"", {}, "no readable zip archive"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_not_the_declared_file_is_refused(case: str, tmp_path: Path) -> None:
    content, fields, message = REFUSED[case]
    with pytest.raises(BadInput, match=message) as caught:
        unpacked(tmp_path, content, **{"archive": "zip", **fields})
    assert caught.value.next_step


def test_a_damaged_member_is_refused(tmp_path: Path) -> None:
    content = bytearray(zipped(("a/rows", ROWS * 1000)))
    content[60] ^= 0xFF
    with pytest.raises(BadInput, match=r"damaged|no readable"):
        unpacked(tmp_path, bytes(content), archive="zip")


@pytest.mark.parametrize("address", ["http://example.org/x", "file:///etc/passwd", "https://h"])
def test_only_https_addresses_are_declared(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        Published(address=address)
