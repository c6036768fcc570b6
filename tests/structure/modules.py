"""The modules of the product, what each of them imports, and what the tests import."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
#: Where each package stands, and where its tests mirror it.
PACKAGES: Final = {
    "causeway": ("include/causeway", "tests/causeway"),
    "localaws": ("include/localaws", "tests/localaws"),
    "causeway_airflow": ("plugins/causeway_airflow", "tests/plugins"),
    "causeway_deploy": ("include/causeway_deploy", "tests/causeway_deploy"),
    "stack": ("stack", "tests/stack"),
}


@dataclass(frozen=True)
class Module:
    """A module of the product that holds code."""

    name: str
    path: Path
    mirror: Path  # the file that its test would be, if it has one of its own

    @property
    def package(self) -> str:
        """The package at the root of its name."""
        return self.name.partition(".")[0]


@cache
def modules() -> dict[str, Module]:
    """Return the product's modules by name; an `__init__` that only imports is none."""
    return {module.name: module for module in _modules()}


def _modules() -> Iterator[Module]:
    for package, (folder, tests) in PACKAGES.items():
        for path in sorted((ROOT / folder).rglob("*.py")):
            inside = path.relative_to(ROOT / folder)
            name = ".".join([package, *inside.with_suffix("").parts]).removesuffix(".__init__")
            if path.name != "__init__.py" or _holds_code(path):
                yield Module(name, path, ROOT / tests / inside.parent / f"test_{inside.name}")


def _holds_code(path: Path) -> bool:
    return any(
        isinstance(node, ast.FunctionDef | ast.ClassDef)
        for node in ast.parse(path.read_text()).body
    )


@cache
def imports(path: Path) -> frozenset[str]:
    """Return every name that a file imports, at its top or within a function, as dotted names."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return frozenset(names)


@cache
def imported_by_tests() -> frozenset[str]:
    """Return every name that a file below `tests` imports."""
    return frozenset().union(*(imports(path) for path in (ROOT / "tests").rglob("*.py")))
