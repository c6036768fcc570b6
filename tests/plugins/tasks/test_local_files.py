"""A file that a task reads is on the worker, or it is named in the error."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from causeway.errors import BadInput
from causeway_airflow.tasks.local_files import LocalFile, local_file


class Objects:
    """Objects of which each contains its own URI."""

    def download(self, uri: str, target: Path) -> None:
        target.write_text(uri)


OBJECTS: Any = Objects()


def test_a_path_is_read_where_it_is_and_an_object_is_downloaded(tmp_path: Path) -> None:
    path, target = tmp_path / "file", tmp_path / "target"
    path.touch()
    assert local_file(OBJECTS, str(path), target) == LocalFile(str(path), path)
    assert not target.exists()
    assert local_file(OBJECTS, "s3://b/k", target) == LocalFile("s3://b/k", target)
    assert target.read_text() == "s3://b/k"


@pytest.mark.parametrize("name", ["none", "folder"])
def test_what_the_worker_cannot_read_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(BadInput, match=f"the file {tmp_path / name} cannot be read: "):
        local_file(OBJECTS, str(tmp_path / name), tmp_path / "target")
