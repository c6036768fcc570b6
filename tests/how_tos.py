"""The examples in the documentation that tests execute, so that they keep working.

A page shows an operator as it stands in a DAG: a call of it with its task id. The recorded
lifecycle (`tests/lifecycle`) runs those of `EXECUTED`, in order, where everything that they name
is there.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path
from typing import Any, Final

DOCS: Final = Path(__file__).parents[1] / "docs"
EXECUTED: Final = ("datasets.md", "erasure.md")


def examples(page: str) -> list[str]:
    """Return a page's blocks of Python that begin with a call of an operator."""
    blocks = re.findall(r"```python\n(.*?)```", (DOCS / page).read_text(), re.DOTALL)
    return [block for block in blocks if re.match(r"\w+(Operator|Sensor)\(", block)]


def operator_names(page: str) -> set[str]:
    """Return the names of the operators that a page shows."""
    return {
        name for block in examples(page) for name in re.findall(r"^(\w+)\(", block, re.MULTILINE)
    }


def operators(page: str) -> list[Any]:
    """Build the operators that a page shows, each by its own text."""
    names = _operator_classes()
    calls = [
        text
        for block in examples(page)
        for text in re.findall(r"^\w+\(.*?\)$", block, re.MULTILINE | re.DOTALL)
    ]
    return [eval(call, names) for call in calls]


def _operator_classes() -> dict[str, Any]:
    """Return every class that a module of operators or sensors declares, by its name."""
    classes: dict[str, Any] = {}
    for package in ("causeway_airflow.operators", "causeway_airflow.sensors"):
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
            declared = importlib.import_module(f"{package}.{module.name}")
            classes |= {name: value for name, value in vars(declared).items() if name[0] != "_"}
    return classes
