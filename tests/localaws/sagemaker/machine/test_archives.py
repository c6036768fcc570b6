"""Archives: equal content gives equal bytes, and nothing lands outside."""

from __future__ import annotations

import os
import tarfile
from pathlib import Path

import pytest

from localaws.sagemaker.machine.archives import pack, unpack
from localaws.sagemaker.machine.failures import WorkFailedError
from tests.localaws.sagemaker.work import archive


def tree(folder: Path, names: list[str]) -> Path:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


def test_equal_content_gives_equal_bytes(tmp_path: Path) -> None:
    first = tree(tmp_path / "a", ["x", "deep/y", "z"])
    second = tree(tmp_path / "b", ["z", "deep/y", "x"])
    os.utime(second / "x", (1, 1))
    (second / "x").chmod(0o600)
    pack(first, tmp_path / "a.tar.gz")
    pack(second, tmp_path / "other-name.tar.gz")
    assert (tmp_path / "a.tar.gz").read_bytes() == (tmp_path / "other-name.tar.gz").read_bytes()


def test_links_and_caches_are_left_out(tmp_path: Path) -> None:
    folder = tree(tmp_path / "model", ["code/inference.py", "code/__pycache__/x.pyc"])
    (folder / "passwords").symlink_to("/etc/passwd")
    pack(folder, tmp_path / "model.tar.gz")
    with tarfile.open(tmp_path / "model.tar.gz") as tar:
        assert tar.getnames() == ["code/inference.py"]


def test_packed_folder_is_unpacked_again(tmp_path: Path) -> None:
    pack(tree(tmp_path / "a", ["x", "deep/y"]), tmp_path / "a.tar.gz")
    unpack(tmp_path / "a.tar.gz", tmp_path / "b")
    assert (tmp_path / "b" / "deep" / "y").read_text() == "deep/y"


@pytest.mark.parametrize(
    "body",
    [archive({"../evil": "x"}), b"no archive", b""],
    ids=["outside", "no-archive", "empty"],
)
def test_archive_that_is_none_or_points_outside_is_refused(tmp_path: Path, body: bytes) -> None:
    (tmp_path / "a.tar.gz").write_bytes(body)
    with pytest.raises(WorkFailedError, match="cannot be extracted"):
        unpack(tmp_path / "a.tar.gz", tmp_path / "in" / "folder")
    assert not (tmp_path / "in" / "evil").exists()
