"""The folders that a job gets its input in and leaves its output in."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def only_file(root: Path) -> Path:
    """Return the one file in a folder (or the file itself, if `root` is one).

    Raises:
        SystemExit: there is none, or there are several.
    """
    if root.is_file():
        return root
    files = sorted(path for path in root.rglob("*") if path.is_file())
    if len(files) != 1:
        names = ", ".join(path.name for path in files) or "nothing"
        raise SystemExit(f"{root.name}: one file is expected there, found {names}")
    return files[0]


def write_json(path: Path, document: Any) -> None:
    """Write a document as JSON, its folder made when missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
