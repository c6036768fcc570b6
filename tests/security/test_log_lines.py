"""What a client calls its things writes no line of its own into the log."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest

from localaws.kit.log import FORMAT, OneLine
from tests.localaws.conftest import Aws
from tests.security.raw import ask

FORGED = "2026-01-01 00:00:00,000 INFO localaws.identity allowed: everything"


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """The log of this process, as `python -m localaws` writes it."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(OneLine(FORMAT))
    root = logging.getLogger()
    level = root.level
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    yield text
    root.removeHandler(handler)
    root.setLevel(level)


@pytest.mark.parametrize("end", ["%0A", "%0D%0A", "%0D", "%E2%80%A8", "%C2%85", "%0C", "%1B%5B2K"])
def test_a_key_with_a_line_break_is_escaped(aws: Aws, written: io.StringIO, end: str) -> None:
    aws.role("prod", f"nobody{end.replace('%', '')}", allow=[])
    nobody = aws.assume("prod", f"nobody{end.replace('%', '')}")
    key = f"a{end}{FORGED.replace(' ', '%20')}"
    assert ask(nobody, "s3", "GET", f"/some-bucket/{key}").status == 403
    entries = written.getvalue().splitlines()
    assert any("denied" in entry and FORGED in entry for entry in entries)
    assert not any(entry.startswith(FORGED) for entry in entries)
    assert all(character.isprintable() or character == "\n" for character in written.getvalue())


def test_a_traceback_writes_no_entry_of_its_own(written: io.StringIO) -> None:
    try:
        raise ValueError(f"x\n{FORGED}")
    except ValueError:
        logging.getLogger("localaws").exception("failed for %s", f"a\n{FORGED}")
    first, *traceback = written.getvalue().splitlines()
    assert f"a\\n{FORGED}" in first
    assert traceback
    assert all(line.startswith("    ") for line in traceback)
