"""Which topology the local stack starts with, and whose people it has."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from causeway.topology.accounts import load_topology
from stack import layout
from stack.local_topology import local_topology
from stack.processes import StackError
from tests import how_tos


def said(command: str, **variables: str) -> str:
    """Return what a command of the stack says, with variables in its environment."""
    done = subprocess.run(
        [sys.executable, "-m", "stack", *command.split()],
        env=os.environ | variables,
        cwd=layout.ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return " ".join((done.stdout + done.stderr).split())


def test_the_file_that_the_variable_names_is_read(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.yaml"
    assert f"cannot read {path}" in said("demo", CAUSEWAY_TOPOLOGY=str(path))


def test_a_topology_of_real_accounts_starts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    example = layout.ROOT / "include" / "config" / "topology" / "example.yaml"
    monkeypatch.setattr(layout, "TOPOLOGY", example)
    with pytest.raises(StackError, match=r"topology/example.yaml is of real accounts.*unset it"):
        local_topology()


def test_the_people_of_the_page_join_a_copy_of_the_local_topology(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (how_tos.DOCS / "use-cases.md").read_text()
    (shown,) = [block for block in page.split("```yaml")[1:] if block.startswith("\npeople:")]
    shown = shown.split("```")[0].strip().removeprefix("people:\n")
    text = layout.TOPOLOGY.read_text()
    assert text.count("\npeople:") == 1
    head, _, rest = text.partition("\npeople:")
    line, _, people = rest.partition("\n")
    path = tmp_path / "topology.yaml"
    path.write_text(f"{head}\npeople:{line}\n{shown}\n{people}")
    monkeypatch.setattr(layout, "TOPOLOGY", path)
    added = set(yaml.safe_load(shown))
    assert added and added == local_topology().people.keys() - load_topology().people.keys()
