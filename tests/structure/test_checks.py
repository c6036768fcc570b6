"""The hooks of pre-commit run the commands of `make check`, and CI runs `.ci/run`."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]


def commands_of_make_check() -> set[str]:
    text = (ROOT / "Makefile").read_text()
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", text, re.M)
    assert recipe is not None
    return {line.strip().replace("$(BIN)", ".venv/bin") for line in recipe[1].splitlines()}


def test_pre_commit_runs_what_make_check_runs() -> None:
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert local["repo"] == "local"  # nothing is downloaded
    entries = [hook["entry"] for hook in local["hooks"]]
    # A shell expands file names; PYTHONPATH is what the Makefile exports.
    plain = [re.sub(r"^bash -c '(.*)'$", r"\1", entry) for entry in entries]
    assert {
        entry.removeprefix("env PYTHONPATH=include:plugins:. ") for entry in plain
    } == commands_of_make_check()


def test_hosted_ci_runs_the_one_script() -> None:
    workflow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text())
    (job,) = workflow["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == [".ci/run"]
    script = (ROOT / ".ci" / "run").read_text().splitlines()
    assert script[-2:] == ["make check", "make test"]
