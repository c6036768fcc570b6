"""Handlers say what they use: only what puts the local AWS together knows the whole of it."""

from __future__ import annotations

import ast
from pathlib import Path

import localaws

ROOT = Path(localaws.__path__[0])
WHOLE = "localaws.kit.cloud"
#: What puts the local AWS together, and the control routes, which look into all of it.
COMPOSITION = {"server.py", "door/gateway.py", "door/control.py"}


def imports(path: Path) -> set[str]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return names


def test_no_handler_knows_the_whole_local_aws() -> None:
    knowing = {str(path.relative_to(ROOT)) for path in ROOT.rglob("*.py") if WHOLE in imports(path)}
    assert knowing == COMPOSITION
