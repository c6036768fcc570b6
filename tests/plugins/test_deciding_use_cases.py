"""The commands and the call of docs/use-case-life.md: a person's word on a use case."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stack import __main__ as command
from stack import use_case_decisions
from stack.processes import StackError
from tests.accounts import REGION
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import sync
from tests.plugins.use_case_people import (
    CASE,
    GROUP,
    People,
    forget,
    last_word,
    read,
    record,
)

PAGE = (Path(__file__).parents[2] / "docs" / "use-case-life.md").read_text()
COMMANDS = re.findall(r"^make (pending|approve|reject)(.*)$", PAGE, re.M)
NAMES = {"USE_CASE": "--use-case", "FOR": "--for", "AS": "--as", "REASON": "--reason"}


@pytest.fixture
def local(shared: LocalPlatform, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """What a running stack says of itself; while somebody waits, the sync looks."""
    forget(shared)
    monkeypatch.setattr(use_case_decisions.time, "sleep", lambda seconds: sync())
    described = {
        "endpoint": shared.endpoint,
        "region": REGION,
        "accounts": shared.accounts,
        "people": shared.people,
    }
    monkeypatch.setattr(command, "require_running", lambda: described)
    yield described
    forget(shared)


def run(name: str, arguments: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """Run a line of the page as the Makefile does."""
    pairs = re.findall(r"(\w+)=('[^']*'|\S+)", arguments)
    words = [word for key, value in pairs for word in (NAMES[key], value.strip("'"))]
    monkeypatch.setattr("sys.argv", ["stack", name, *words])
    return command.main()


def test_the_commands_of_the_page_approve_and_send_back(
    local: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    record()
    assert [name for name, _ in COMMANDS] == ["pending", "approve", "approve", "reject"]
    outputs = []
    for name, arguments in COMMANDS:
        assert run(name, arguments, monkeypatch) == 0
        outputs.append(capsys.readouterr().out)
    assert "use case credit_risk is in poc; for development: governance-officer" in outputs[0]
    assert "make approve USE_CASE=credit_risk FOR=development AS=" in outputs[0]
    assert "it takes another person" in outputs[1]
    assert "risk-officer: credit_risk is in development now" in outputs[2]
    assert "risk-officer: credit_risk is in poc now" in outputs[3]
    assert read().reason == "the data sheet is missing"


def test_what_the_guard_refuses_is_said_at_once(local: dict[str, Any]) -> None:
    with pytest.raises(StackError, match="not recorded"):
        use_case_decisions.decide(local, CASE, "qa", "risk-officer", "so", approve=True)
    record()
    for person, stage, reason in (
        ("risk-officer", "qa", "refused: .*it is in poc"),
        ("model-owner", "development", "decides on test by the topology, not on production"),
        ("nobody", "development", "AS=nobody: use one of"),
        ("risk-officer", "test", "FOR=test: use one of poc"),
    ):
        with pytest.raises(StackError, match=reason):
            use_case_decisions.decide(local, CASE, stage, person, "so", approve=True)


def test_what_is_told_is_what_came_of_ones_own_word(
    local: dict[str, Any], shared: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another person decides in the same moment, and theirs is judged in the same sync."""
    record()
    wake, others = use_case_decisions._wake, People(shared)

    def beside(local: dict[str, Any]) -> None:
        others.say("governance-officer", "qa", reason="mine")
        wake(local)

    monkeypatch.setattr(use_case_decisions, "_wake", beside)
    said = use_case_decisions.decide(
        local, CASE, "development", "risk-officer", "mine", approve=True
    )
    assert said.startswith("risk-officer approved credit_risk")


def test_words_are_read_to_the_last_page(local: dict[str, Any], shared: LocalPlatform) -> None:
    database = shared.client("dynamodb", "governance")
    pk = "USE_CASE#of_many_words"
    keys = [{"pk": {"S": pk}, "sk": {"S": f"WORD#{number}"}} for number in range(4)]
    for key in keys:  # a page has one megabyte
        item = key | {"note": {"S": "x" * 390_000}}
        database.put_item(TableName="causeway-governance", Item=item)
    try:
        assert len(use_case_decisions._items(local, pk)) == 4
    finally:
        for key in keys:
            database.delete_item(TableName="causeway-governance", Key=key)


def test_a_command_names_a_version_or_a_use_case(
    local: dict[str, Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--use-case", CASE, "--version", "credit-risk/1", "--for", "test"]
    monkeypatch.setattr("sys.argv", ["stack", "approve", *words, "--as", "x", "--reason", "y"])
    assert command.main() == 1
    assert "name one of them" in capsys.readouterr().out


def test_the_call_of_the_page_is_a_word(local: dict[str, Any], shared: LocalPlatform) -> None:
    record()
    (block,) = re.findall(r"```python\n(.*?)```", PAGE, re.S)
    names = {
        "registry": shared.person("governance-officer", "production"),
        "group_arn": GROUP,
        "record": read().digest,
    }
    exec(block, names)
    sync()
    assert last_word().outcome == "counted"
    assert [each.person for each in read().approvals] == ["governance-officer"]
