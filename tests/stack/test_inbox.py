"""`make demo DATA=path` hands the file in through the inbox."""

from __future__ import annotations

from pathlib import Path

import pytest

from stack import demo, layout
from stack.processes import StackError


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(layout, "INBOX", tmp_path / "state" / "inbox")
    return layout.INBOX


def test_a_file_is_copied_into_the_inbox_and_named_there(inbox: Path, tmp_path: Path) -> None:
    (tmp_path / "raw.csv").write_text("rows")
    assert demo._raw_file(str(tmp_path / "raw.csv")) == "raw.csv"
    assert (inbox / "raw.csv").read_text() == "rows"
    assert inbox.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("data", [None, "published", "s3://bucket/key", "https://example.org/x"])
def test_what_is_no_path_is_handed_on(inbox: Path, data: str | None) -> None:
    assert demo._raw_file(data) == data
    assert not inbox.exists()


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        ("/dev/zero", "there is no such file"),
        ("nothing", "there is no such file"),
        (".", "it is a folder"),
    ],
)
def test_what_is_no_file_is_refused(inbox: Path, data: str, problem: str) -> None:
    with pytest.raises(StackError, match=problem):
        demo._raw_file(data)
