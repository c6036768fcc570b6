"""An archive writes nothing but plain files, into its folder, and not more than it may."""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from causeway import archives
from causeway.errors import BadInput, CausewayError
from causeway.ingestion import unpacking
from causeway.registration.manifest import manifest_of
from causeway.use_cases.published import Published
from causeway_airflow.tasks import model_archives
from localaws.sagemaker.machine import archives as machine_archives
from localaws.sagemaker.machine.failures import WorkFailedError

FILE, FOLDER, LINK = tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE


def entry(
    name: str, body: bytes = b"", kind: bytes = FILE, to: str = ""
) -> tuple[str, bytes, bytes, str]:
    return name, body, kind, to


def packed(*entries: tuple[str, bytes, bytes, str]) -> bytes:
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as tar:
        for name, body, kind, to in entries:
            member = tarfile.TarInfo(name)
            member.size, member.type, member.linkname = len(body), kind, to
            tar.addfile(member, io.BytesIO(body))
    return content.getvalue()


def large_header() -> bytes:
    member = tarfile.TarInfo("a")
    member.pax_headers = {"comment": "x" * (4 << 20)}
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(member)
    return content.getvalue()


def sparse() -> bytes:
    """Return a file that says to be a gigabyte, of which nothing is there."""
    member = tarfile.TarInfo("model")
    member.pax_headers = {"GNU.sparse.size": str(1 << 30), "GNU.sparse.map": f"{1 << 30},0"}
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
        tar.addfile(member)
    return content.getvalue()


HARMFUL: dict[str, bytes] = {
    "a climbing name": packed(entry("../evil", b"x")),
    "a climbing name in the middle": packed(entry("a/../../evil", b"x")),
    "an absolute name": packed(entry("/tmp/evil", b"x")),
    "a link": packed(entry("in", kind=LINK, to="model")),
    "a link out, and a file through it": packed(
        entry("out", kind=LINK, to=".."), entry("out/evil", b"x")
    ),
    # CVE-2025-4517: a path that is too long to be resolved passes tarfile's data filter.
    "links that are too long to be resolved": packed(
        *(
            part
            for depth, letter in enumerate("abcdefghijklmnop")
            for part in (
                entry("/".join("d" * 240 for _ in range(depth)) + "/" + "d" * 240, kind=FOLDER),
                entry(
                    "/".join([*("d" * 240 for _ in range(depth)), letter]), kind=LINK, to="d" * 240
                ),
            )
        ),
        entry("escape", kind=LINK, to="a/" * 16 + "../" * 17),
        entry("escape/evil", b"x"),
    ),
    "a hard link": packed(entry("a", b"x"), entry("b", kind=tarfile.LNKTYPE, to="a")),
    "a hard link out": packed(entry("b", kind=tarfile.LNKTYPE, to="/etc/passwd")),
    "a device": packed(entry("null", kind=tarfile.CHRTYPE)),
    "a pipe": packed(entry("pipe", kind=tarfile.FIFOTYPE)),
    "one path twice": packed(entry("a", b"1"), entry("./a", b"2")),
    "a file that is a folder": packed(entry("a", b"1"), entry("a/b", b"2")),
    "a folder that is a file": packed(entry("a", kind=FOLDER), entry("a", b"2")),
    "a line break in a name": packed(entry("a\nb", b"x")),
    "a control character in a name": packed(entry("a\x1b[2Kb", b"x")),
    "a name that is too long": packed(entry("a" * 256, b"x")),
    "a name of Windows": packed(entry("..\\evil", b"x")),
    "too many files": packed(*(entry(f"f{n}") for n in range(10_001))),
    "three hundred megabytes of nothing": packed(entry("zeros", bytes(300 << 20))),
    "a header of four megabytes": large_header(),
    "a sparse file": sparse(),
    "bytes behind the end": gzip.compress(
        gzip.decompress(packed(entry("a", b"x"))) + bytes(100 << 20), 9
    )[:-8],
    "no archive": b"PK\x03\x04 something else",
    "nothing": b"",
    "half an archive": packed(entry("a", b"x" * 5000))[:40],
    "gzip of no archive": gzip.compress(b"hello" * 400),
    "not packed": gzip.decompress(packed(entry("a", b"x"))),
}


def to_mlflow(archive: Path, folder: Path) -> None:
    model_archives.unpack(archive, folder)


def to_a_machine(archive: Path, folder: Path) -> None:
    machine_archives.unpack(archive, folder)


def to_a_manifest(archive: Path, _: Path) -> None:
    with archive.open("rb") as content:
        manifest_of(content, where="the source")


def to_a_document(archive: Path, _: Path) -> None:
    model_archives.document(archive.read_bytes(), "metrics.json", of="the output")


def to_a_raw_file(archive: Path, folder: Path) -> None:
    folder.mkdir()
    address = "https://example.org/x.tar.gz"
    published = Published(address=address, archive="tar.gz", member="a")
    try:
        unpacking.unpack(archive, published, folder.parent / "raw")
    finally:
        assert not (folder.parent / "raw").exists()


WAYS: tuple[Callable[[Path, Path], None], ...] = (
    to_mlflow,
    to_a_machine,
    to_a_manifest,
    to_a_document,
    to_a_raw_file,
)


@pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)
@pytest.mark.parametrize("content", HARMFUL.values(), ids=HARMFUL.keys())
def test_a_harmful_archive_is_refused_before_anything_is_written(
    tmp_path: Path, way: Callable[[Path, Path], None], content: bytes
) -> None:
    box = tmp_path / "box"
    box.mkdir()
    (box / "archive.tar.gz").write_bytes(content)
    with pytest.raises((CausewayError, WorkFailedError)):
        way(box / "archive.tar.gz", box / "folder")
    assert {path.name for path in tmp_path.iterdir()} == {"box"}
    assert {path.name for path in box.rglob("*")} <= {"archive.tar.gz", "folder"}


def test_a_model_is_unpacked(tmp_path: Path) -> None:
    model = packed(
        entry("./", kind=FOLDER),
        entry("./model.json", b"{}"),
        entry("code", kind=FOLDER),
        entry("code/inference.py", b"pass"),
    )
    (tmp_path / "model.tar.gz").write_bytes(model)
    for way, folder in ((to_mlflow, tmp_path / "a"), (to_a_machine, tmp_path / "b")):
        way(tmp_path / "model.tar.gz", folder)
        assert (folder / "model.json").read_bytes() == b"{}"
        assert (folder / "code" / "inference.py").read_bytes() == b"pass"


def test_an_archive_replaces_no_file(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(packed(entry("a", b"new")))
    (tmp_path / "victim").write_text("old")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a").symlink_to(tmp_path / "victim")
    with pytest.raises(FileExistsError):
        archives.unpack(tmp_path / "a.tar.gz", tmp_path / "folder")
    assert (tmp_path / "victim").read_text() == "old"


def test_a_refusal_of_a_raw_file_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(HARMFUL["a climbing name"])
    with pytest.raises(BadInput, match="no plain file below the archive's root") as refusal:
        to_a_raw_file(tmp_path / "x", tmp_path / "folder")
    assert refusal.value.next_step
