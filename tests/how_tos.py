"""The examples in the documentation that tests execute, so that they keep working.

A page shows an operator as it stands in a DAG: a call of it with its task id. The recorded
lifecycle (`tests/lifecycle`) runs those of `EXECUTED`, in order, where everything that they name
is there. Or a page shows whole DAG files: `tests/plugins/operators/test_shares.py` runs the tasks
of those of `EXECUTED_DAGS`. The tutorial shows a program and commands, which
`tests/e2e/test_tutorial.py` runs; `reports.md` an operator and a program, which
`tests/plugins/operators/test_governance_reports.py` runs, and `lineage.md` a program, which
`tests/plugins/operators/test_lineage.py` runs.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path
from typing import Any, Final

DOCS: Final = Path(__file__).parents[1] / "docs"
EXECUTED: Final = ("datasets.md", "erasure.md")
EXECUTED_DAGS: Final = ("sharing.md",)


def examples(page: str) -> list[str]:
    """Return a page's blocks of Python that begin with a call of an operator."""
    return [block for block in _blocks(page) if re.match(r"\w+(Operator|Sensor)\(", block)]


def operator_names(page: str) -> set[str]:
    """Return the names of the operators that a page shows."""
    return {
        name for block in examples(page) for name in re.findall(r"^(\w+)\(", block, re.MULTILINE)
    }


def executed_operators() -> set[str]:
    """Return the names of the operators whose examples are executed."""
    names = {name for page in EXECUTED for name in operator_names(page)}
    for page in EXECUTED_DAGS:
        for block in _dag_files(page):
            names |= set(re.findall(r"\b(\w+(?:Operator|Sensor))\(", block))
    return names


def dags(page: str, folder: Path) -> dict[str, dict[str, Any]]:
    """Load a page's DAG files from a folder, as Airflow does; return the tasks of each DAG."""
    from airflow.dag_processing.dagbag import DagBag

    for number, block in enumerate(_dag_files(page)):
        (folder / f"example_{number}.py").write_text(block)
    bag = DagBag(folder)
    assert bag.import_errors == {}
    return {dag_id: dict(dag.task_dict) for dag_id, dag in bag.dags.items()}


def operators(page: str) -> list[Any]:
    """Build the operators that a page shows, each by its own text."""
    names = _operator_classes()
    calls = [
        text
        for block in examples(page)
        for text in re.findall(r"^\w+\(.*?\)$", block, re.MULTILINE | re.DOTALL)
    ]
    return [eval(call, names) for call in calls]


def commands(page: str) -> list[str]:
    """Return the commands that a page tells to type, without those that are said not to be."""
    text = (DOCS / page).read_text()
    blocks = re.findall(r"([^\n]*)\n```sh\n(.*?)```", text, re.DOTALL)
    return [
        line
        for before, block in blocks
        if "not executed" not in before
        for line in block.splitlines()
        if line
    ]


def programs(page: str) -> list[str]:
    """Return the blocks of Python that a page tells to run as they are."""
    return _blocks(page)


def _dag_files(page: str) -> list[str]:
    return [block for block in _blocks(page) if "with DAG(" in block]


def _blocks(page: str) -> list[str]:
    text = (DOCS / page).read_text()
    return re.findall(r"```python\n(.*?)```", text, re.DOTALL)


def _operator_classes() -> dict[str, Any]:
    """Return every class that a module of operators or sensors declares, by its name."""
    classes: dict[str, Any] = {}
    for package in ("causeway_airflow.operators", "causeway_airflow.sensors"):
        for module in pkgutil.iter_modules(importlib.import_module(package).__path__):
            declared = importlib.import_module(f"{package}.{module.name}")
            classes |= {name: value for name, value in vars(declared).items() if name[0] != "_"}
    return classes
