"""Nothing is installed whose hash is not written down."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
COMPILED = sorted(path.name for path in ROOT.glob("requirements*.txt"))
PIN = re.compile(r"^[\w.-]+(\[[\w,-]+\])?==\S+")


@pytest.mark.parametrize("name", COMPILED)
def test_every_pin_has_the_hashes_of_its_files(name: str) -> None:
    entries = re.split(r"\n(?=[\w])", (ROOT / name).read_text().strip())
    without = [
        entry.splitlines()[0]
        for entry in entries
        if not PIN.match(entry) or "--hash=sha256:" not in entry
    ]
    assert without == []


def test_every_installation_of_the_makefile_asks_for_hashes() -> None:
    text = (ROOT / "Makefile").read_text()
    installs = text.count("pip install ")
    assert installs == 4  # uv; uv that pip fetched, else pip; and how pip fetches uv
    assert text.count("pip install -q --require-hashes ") == installs


def test_hosted_audit_runs_what_a_developer_runs() -> None:
    path = ROOT / ".github" / "workflows" / "supply-chain.yml"
    (job,) = yaml.safe_load(path.read_text())["jobs"].values()
    assert [step["run"] for step in job["steps"] if "run" in step] == ["make audit"]
