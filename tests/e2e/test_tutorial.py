"""The tutorial: its commands take its file to production, with nothing done between them."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from causeway.use_cases.files import use_case
from causeway.use_cases.use_case import USE_CASES_DIR
from tests import how_tos, leftovers
from tests.e2e.conftest import ROOT

pytestmark = [pytest.mark.scheduler, pytest.mark.timeout(900)]

PAGE = "use-cases.md"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the page's file, and a copy of the use cases to add one to."""
    folder = tmp_path_factory.mktemp("tutorial")
    shutil.copytree(USE_CASES_DIR, folder / "use_cases")
    (program,) = how_tos.programs(PAGE)
    (folder / "make_file.py").write_text(program)
    subprocess.run([sys.executable, "make_file.py"], cwd=folder, check=True)
    leftovers.note_stack(folder / "state")
    return folder


def typed(command: str, place: Path) -> str:
    """Run a command of the page with its file, and return what it printed."""
    target, *variables = shlex.split(command.removeprefix("make "))
    variables = [v.replace("=churn.csv", f"={place / 'churn.csv'}") for v in variables]
    own = {
        "CAUSEWAY_STATE": str(place / "state"),
        "CAUSEWAY_USE_CASES": str(place / "use_cases"),
        "CAUSEWAY_ANY_PORT": "1",
    }
    done = subprocess.run(
        # What is installed is left as it is.
        ["make", "-o", "setup", target, *variables],
        env=os.environ | own,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def test_its_commands_take_the_file_to_production(place: Path) -> None:
    written, checked, played = (typed(command, place) for command in how_tos.commands(PAGE))
    assert "a binary classification of 'Churned'" in written
    assert "all of its 1200 rows keep the contract" in checked
    result: dict[str, Any] = json.loads((place / "state" / "demo.json").read_text())
    assert [(s["stage"], s["status"], s["approver"]) for s in result["stages"]] == [
        ("development", "approved", None),
        ("test", "approved", "model-owner"),
        ("production", "deployed", "governance-officer"),
    ]
    assert result["endpoint"]["name"] == "churn"
    assert result["prediction"]["words"].startswith(("churned yes, with", "churned no, with"))
    assert result["prediction"]["words"] in " ".join(played.split())


def test_what_it_shows_of_the_file_is_what_is_written(place: Path) -> None:
    (place / "use_cases" / "churn.yaml").unlink(missing_ok=True)
    typed(how_tos.commands(PAGE)[0], place)
    text = (place / "use_cases" / "churn.yaml").read_text()
    shown = [
        line
        for line in (how_tos.DOCS / PAGE).read_text().split("```yaml")[1].splitlines()
        if line.lstrip().startswith("- {name")
    ]
    assert len(shown) == 2
    assert set(shown) <= set(text.splitlines())
    assert use_case("churn", place / "use_cases").models[0].training.label == "churned"
