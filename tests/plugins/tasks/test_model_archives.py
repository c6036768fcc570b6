"""A model archive is unpacked only into its folder."""

from __future__ import annotations

import io
import tarfile
from pathlib import Path

import pytest

from causeway.errors import UnexpectedState
from causeway_airflow.tasks.model_archives import unpack


def test_an_archive_that_reaches_outside_is_not_unpacked(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as tar:
        member = tarfile.TarInfo("../evil.txt")
        member.size = 1
        tar.addfile(member, io.BytesIO(b"x"))
    with pytest.raises(UnexpectedState, match="cannot be unpacked"):
        unpack(tmp_path / "model.tar.gz", tmp_path / "model")
    assert not (tmp_path / "evil.txt").exists()
