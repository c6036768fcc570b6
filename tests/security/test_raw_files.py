"""A raw file comes from the inbox, and nothing of another file is said."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from causeway.errors import BadInput
from causeway.ingestion.raw_data import validate_raw
from causeway.topology.accounts import load_topology
from causeway.use_cases.file_formats import FileFormat
from causeway_airflow import configuration
from causeway_airflow.configuration import case_of
from causeway_airflow.tasks.local_files import local_file

SECRET = "AKIAIOSFODNN7EXAMPLE"
NO_OBJECTS: Any = None


@pytest.fixture
def inbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    (folder / "raw.csv").write_text("in the inbox")
    (tmp_path / "secret").write_text(SECRET)
    monkeypatch.setenv("CAUSEWAY_INBOX", str(folder))
    return folder


def taken(source: str, folder: Path) -> str:
    return local_file(NO_OBJECTS, source, folder / "target").path.read_text()


@pytest.mark.parametrize("name", ["raw.csv", "./raw.csv", "{inbox}/raw.csv"])
def test_a_file_of_the_inbox_is_taken(inbox: Path, tmp_path: Path, name: str) -> None:
    assert taken(name.format(inbox=inbox), tmp_path) == "in the inbox"


def make(inbox: Path) -> Iterator[str]:
    """Put into the inbox what is no file of it, and yield the names."""
    (inbox / "link").symlink_to(inbox.parent / "secret")
    (inbox / "to-passwd").symlink_to("/etc/passwd")
    (inbox / "up").symlink_to(inbox.parent)
    (inbox / "loop").symlink_to(inbox / "loop")
    (inbox / "folder").mkdir()
    os.mkfifo(inbox / "pipe")
    yield from ("link", "to-passwd", "up/secret", "loop", "folder", "pipe", ".", "")


OUTSIDE = (
    *("/etc/passwd", "/proc/self/environ", "/dev/zero", "/dev/stdin", "~/.aws/credentials"),
    *("../secret", "{inbox}/../secret", "{inbox}-other/x", "raw.csv/../../secret"),
    *("nothing", "raw.csv\0", "a" * 5000, "file:///etc/passwd", "{inbox}"),
)


def test_nothing_else_is_read_and_nothing_hangs(inbox: Path, tmp_path: Path) -> None:
    for name in (*make(inbox), *(name.format(inbox=inbox) for name in OUTSIDE)):
        refusals: list[BaseException] = []

        def refused(name: str = name, refusals: list[BaseException] = refusals) -> None:
            with pytest.raises(BadInput, match="is no plain file in the inbox") as refusal:
                local_file(NO_OBJECTS, name, tmp_path / "target")
            refusals.append(refusal.value)

        thread = threading.Thread(target=refused, daemon=True)
        thread.start()
        thread.join(10)
        assert len(refusals) == 1, name
        assert SECRET not in str(refusals[0])
        assert "root:" not in str(refusals[0])


def test_whether_a_file_exists_is_not_said(inbox: Path, tmp_path: Path) -> None:
    texts = []
    for name in ("/etc/passwd", "/etc/nothing"):
        with pytest.raises(BadInput) as refusal:
            taken(name, tmp_path)
        texts.append(str(refusal.value).replace(name, "NAME"))
    assert texts[0] == texts[1]


def test_without_an_inbox_no_file_is_taken(
    inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CAUSEWAY_INBOX")
    with pytest.raises(BadInput, match="takes no files from the machines of its workers"):
        taken(str(inbox / "raw.csv"), tmp_path)


def test_real_accounts_have_no_inbox(
    inbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = load_topology().model_copy(update={"local": False})
    monkeypatch.setattr(configuration, "topology", lambda: real)
    with pytest.raises(BadInput, match="takes no files from the machines of its workers"):
        taken("raw.csv", tmp_path)


def parquet() -> bytes:
    content = io.BytesIO()
    pq.write_table(pa.table({SECRET: [SECRET], "password": [SECRET]}), content)
    return content.getvalue()


UNRECOGNISED = {
    "one line": f"aws_secret_access_key = {SECRET}\n".encode(),
    "an ini file": f"[default]\naws_access_key_id = {SECRET}\n".encode(),
    "passwords": f"root:{SECRET}:0:0:root:/root:/bin/bash\nuser:{SECRET}\n".encode(),
    "an environment": f"HOME=/root\0KEY={SECRET}\0".encode(),
    "a table of others": f"user {SECRET} password\n1 {SECRET} x\n".encode(),
    "one name twice": f"{SECRET} {SECRET}\n".encode(),
    "no text": b"\xff\xfe" + SECRET.encode() + b"\xff",
    "a quotation that does not end": f'"{SECRET}\n{SECRET}\n'.encode(),
    "Parquet": parquet(),
    "what begins like Parquet": b"PAR1" + SECRET.encode(),
}


@pytest.mark.parametrize("header", [True, False], ids=["header", "no header"])
@pytest.mark.parametrize("use_case", ["credit_risk", "california_housing"])
@pytest.mark.parametrize("content", UNRECOGNISED.values(), ids=UNRECOGNISED.keys())
def test_nothing_is_quoted_of_a_file_that_is_not_recognised(
    tmp_path: Path, use_case: str, content: bytes, header: bool
) -> None:
    case = case_of(use_case)
    format_ = FileFormat(separator=case.data.format.separator, header=header)
    case = case.model_copy(update={"data": case.data.model_copy(update={"format": format_})})
    (tmp_path / "raw").write_bytes(content)
    with pytest.raises(BadInput) as refusal:
        validate_raw(tmp_path / "raw", case.raw_source())
    assert SECRET not in str(refusal.value)
    assert refusal.value.next_step
