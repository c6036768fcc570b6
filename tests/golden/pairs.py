"""What AWS answers to a call, as files: each names where its answers come from.

A file has calls in the order in which they are made. An answer is a response or an error, in the
form that boto3 gives, with times as texts and bytes as `{"bytes": n}`. `setup` are calls that the
others need and whose answers nobody has published.

Answers of the local AWS never stand here: it is what is tested against them.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

FOLDER: Final = Path(__file__).parent
#: Where answers may come from: AWS's own examples, or AWS itself through the recorder.
KINDS: Final = ("documented", "recorded")


@dataclass(frozen=True)
class Call:
    """A call of an operation, with AWS's answer where there is one."""

    service: str
    operation: str
    parameters: dict[str, Any]
    response: dict[str, Any] | None = None
    error: dict[str, Any] | None = None  # code, status

    @property
    def document(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if value is not None}


@dataclass(frozen=True)
class Golden:
    """A file of calls and answers."""

    name: str
    source: dict[str, str]
    setup: tuple[Call, ...]
    calls: tuple[Call, ...]
    different: dict[str, str]  # `Operation path` -> why the local AWS answers otherwise


def load(path: Path) -> Golden:
    document = json.loads(path.read_text())
    assert document["source"]["kind"] in KINDS, path
    return Golden(
        path.stem,
        document["source"],
        tuple(Call(**call) for call in document.get("setup", [])),
        tuple(Call(**call) for call in document["calls"]),
        document.get("different", {}),
    )


def save(path: Path, source: dict[str, str], calls: list[Call]) -> None:
    document = {"source": source, "calls": [call.document for call in calls]}
    path.write_text(json.dumps(document, indent=2) + "\n")


def plain(value: Any) -> Any:
    """Return an answer as it stands in a file."""
    if isinstance(value, dict):
        return {name: plain(entry) for name, entry in value.items() if name != "ResponseMetadata"}
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bytes | bytearray):
        return {"bytes": len(value)}
    if hasattr(value, "read"):
        return {"bytes": len(value.read())}
    return value


def files() -> list[Path]:
    return sorted(FOLDER.glob("*.json"))
