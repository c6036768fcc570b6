"""A file that a task reads is in the inbox or in S3, or it is named in the error."""

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


def test_a_file_of_the_inbox_is_copied_and_an_object_is_downloaded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CAUSEWAY_INBOX", str(tmp_path))
    (tmp_path / "file").write_text("of the inbox")
    target = tmp_path / "target"
    assert local_file(OBJECTS, "file", target) == LocalFile("file", target)
    assert target.read_text() == "of the inbox"
    assert local_file(OBJECTS, "s3://b/k", target) == LocalFile("s3://b/k", target)
    assert target.read_text() == "s3://b/k"


@pytest.mark.parametrize("name", ["none", "folder"])
def test_what_is_no_file_of_the_inbox_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv("CAUSEWAY_INBOX", str(tmp_path))
    (tmp_path / "folder").mkdir()
    with pytest.raises(BadInput, match=f"{name!r} is no plain file in the inbox"):
        local_file(OBJECTS, name, tmp_path / "target")
