"""A job's input folder holds one file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest


def test_the_one_file_is_found_wherever_it_lies(
    script: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    path = tmp_path / "deep" / "a.csv"
    path.parent.mkdir()
    path.write_text("x")
    only_file = script("folders").only_file
    assert only_file(tmp_path) == only_file(path) == path


def test_none_or_several_files_are_refused(
    script: Callable[[str], ModuleType], tmp_path: Path
) -> None:
    only_file = script("folders").only_file
    with pytest.raises(SystemExit, match="found nothing"):
        only_file(tmp_path)
    for name in ("a", "b"):
        (tmp_path / name).write_text("x")
    with pytest.raises(SystemExit, match="found a, b"):
        only_file(tmp_path)
