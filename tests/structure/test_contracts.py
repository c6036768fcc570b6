"""The import contracts of `pyproject.toml` name every room there is."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from tests.structure.modules import ROOT

#: What the local AWS may know of the domain: policy evaluation, what that needs, and archives.
KNOWN_TO_THE_LOCAL_AWS = {"archives", "iam", "errors", "instants"}


def contracts() -> list[dict[str, Any]]:
    document = tomllib.loads((ROOT / "pyproject.toml").read_text())
    listed: list[dict[str, Any]] = document["tool"]["importlinter"]["contracts"]
    return listed


def domain() -> set[str]:
    """Return the rooms and ground files of the domain."""
    folder: Path = ROOT / "include" / "causeway"
    rooms = {path.parent.name for path in folder.glob("*/__init__.py")}
    return rooms | {path.stem for path in folder.glob("*.py")} - {"__init__"}


def test_the_local_aws_may_import_policies_and_archives_and_no_other_room_of_the_domain() -> None:
    forbidden = {
        name.removeprefix("causeway.")
        for contract in contracts()
        if contract["type"] == "forbidden" and contract["source_modules"] == ["localaws"]
        for name in contract["forbidden_modules"]
        if name.startswith("causeway.")
    }
    assert not forbidden & KNOWN_TO_THE_LOCAL_AWS
    assert forbidden | KNOWN_TO_THE_LOCAL_AWS == domain()


def test_every_room_of_the_domain_has_its_floor() -> None:
    (floors,) = (one for one in contracts() if one.get("containers") == ["causeway"])
    named = {name.strip() for layer in floors["layers"] for name in layer.split("|")}
    assert named == domain()
    assert floors["exhaustive"] is True
