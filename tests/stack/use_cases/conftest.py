"""Files, and a folder of use cases beside those that ship."""

from __future__ import annotations

import csv
import random
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from causeway.use_cases.use_case import USE_CASES_DIR
from stack import layout

Row = Callable[[random.Random, int], Iterable[object]]
Write = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of use cases, in which those of the project are, too."""
    copy = tmp_path / "use_cases"
    shutil.copytree(USE_CASES_DIR, copy)
    monkeypatch.setattr(layout, "USE_CASES", copy)
    return copy


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Return a function that writes a file of 400 rows: by name, header and what makes a row."""

    def write(name: str, header: Iterable[str], row: Row, separator: str = ",") -> Path:
        draw = random.Random(0)
        with (path := tmp_path / name).open("w", newline="") as file:
            rows = csv.writer(file, delimiter=separator)
            rows.writerow(header)
            rows.writerows(row(draw, number) for number in range(400))
        return path

    return write
