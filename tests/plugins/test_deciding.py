"""The commands of docs/approving.md: what waits, a person's word, and what comes of it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from causeway.topology.arns import ModelPackageArn
from causeway.use_cases.use_case import USE_CASES_DIR
from stack import __main__ as command
from stack import decisions, layout
from stack.processes import StackError
from tests.accounts import REGION
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import register, sync
from tests.plugins.conftest import context

PAGE = (Path(__file__).parents[2] / "docs" / "approving.md").read_text()
COMMANDS = re.findall(r"^make (pending|approve|reject)(.*)$", PAGE, re.M)


@pytest.fixture
def local(shared: LocalPlatform, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What a running stack says of itself; while somebody waits, the sync looks."""
    monkeypatch.setattr(decisions.time, "sleep", lambda seconds: sync())
    described = {
        "endpoint": shared.endpoint,
        "region": REGION,
        "accounts": shared.accounts,
        "people": shared.people,
    }
    monkeypatch.setattr(command, "require_running", lambda: described)
    return described


@pytest.fixture
def version(shared: LocalPlatform, request: pytest.FixtureRequest) -> str:
    arn = ModelPackageArn.parse(register(request.node.name).perform(context())["version_arn"])
    sync()
    return f"{arn.group}/{arn.version}"


def run(name: str, arguments: str, version: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run a line of the page as the Makefile does, about a version of the test."""
    given = re.findall(r"(\w+)=('[^']*'|\S+)", arguments.replace("credit-risk/1", version))
    names = {"VERSION": "--version", "FOR": "--for", "AS": "--as", "REASON": "--reason"}
    words = [word for key, value in given for word in (names[key], value.strip("'"))]
    monkeypatch.setattr("sys.argv", ["stack", name, *words])
    return command.main()


def test_a_word_that_stands_already_is_refused_at_once(local: dict[str, Any], version: str) -> None:
    said = decisions.decide(local, version, "test", "model-owner", "good", approve=True)
    assert said == f"model-owner approved {version} for test"
    with pytest.raises(StackError, match=f"model-owner approved {version} for test already"):
        decisions.decide(local, version, "test", "model-owner", "good", approve=True)


def test_the_commands_of_the_page_approve_and_stop(
    local: dict[str, Any],
    version: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert [name for name, _ in COMMANDS] == ["pending", "approve", "reject"]
    outputs = []
    for name, arguments in COMMANDS:
        assert run(name, arguments, version, monkeypatch) == 0
        outputs.append(capsys.readouterr().out)
    assert f"{version} waits for test: model-owner" in outputs[0]
    assert f"make approve VERSION={version} FOR=test AS=model-owner" in outputs[0]
    assert f"model-owner approved {version} for test" in outputs[1]
    assert f"governance-officer stopped attempt 1 of {version}" in outputs[2]


def test_a_refused_approval_says_why_at_once(local: dict[str, Any], version: str) -> None:
    with pytest.raises(StackError, match="may not decide on test of model credit_risk"):
        decisions.decide(local, version, "test", "ml-engineer", "good", approve=True)


def test_a_person_is_told_on_which_stages_they_decide(local: dict[str, Any], version: str) -> None:
    with pytest.raises(StackError, match="decides on test by the topology, not on production"):
        decisions.decide(local, version, "production", "model-owner", "good", approve=True)
    with pytest.raises(StackError, match="AS=nobody: use one of"):
        decisions.decide(local, version, "test", "nobody", "good", approve=True)
    with pytest.raises(StackError, match="write it as credit-risk/1"):
        decisions.decide(local, "credit-risk", "test", "model-owner", "good", approve=True)


def test_a_version_that_is_not_there_is_said_with_those_that_are(
    local: dict[str, Any], version: str
) -> None:
    for typed in (f"{version}99", version.replace("-", "_"), "nothing/1"):
        with pytest.raises(StackError, match=f"VERSION={typed}: there is no such version") as said:
            decisions.decide(local, typed, "test", "model-owner", "good", approve=True)
        assert version in str(said.value)


def test_nothing_waits_in_a_group_that_was_not_made_yet(
    local: dict[str, Any], version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (USE_CASES_DIR / "credit_risk.yaml").read_text()
    (tmp_path / "credit_risk.yaml").write_text(text.replace("group: credit-risk\n", "group: new\n"))
    monkeypatch.setattr(layout, "USE_CASES", tmp_path)
    assert list(decisions.pending(local)) == []


def test_a_mistake_in_a_use_case_hides_none_of_the_others(
    local: dict[str, Any], version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(USE_CASES_DIR / "credit_risk.yaml", tmp_path)
    (tmp_path / "other.yaml").write_text("id: [")
    monkeypatch.setattr(layout, "USE_CASES", tmp_path)
    said: list[str] = []
    assert version in {waiting.version for waiting in decisions.pending(local, said.append)}
    (line,) = said
    assert line.startswith("left out: ") and "other.yaml: not readable as YAML" in line
