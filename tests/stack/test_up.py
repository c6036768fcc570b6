"""The options with which the stack starts its components."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from causeway.use_cases.files import load_use_cases
from stack import layout, up
from stack.local_topology import local_topology
from stack.processes import Component, Program, StackError


@pytest.mark.parametrize("control", [False, True])
def test_the_control_route_is_off_unless_a_test_requests_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, control: bool
) -> None:
    def start(program: Program) -> Component:
        raise StackError(" ".join(program.command))

    monkeypatch.setattr(layout, "STATE", tmp_path)
    monkeypatch.setattr(up, "start", start)
    monkeypatch.delenv("CAUSEWAY_AWS_CONTROL", raising=False)
    if control:
        monkeypatch.setenv("CAUSEWAY_AWS_CONTROL", "1")
    with pytest.raises(StackError) as started:
        up._start_aws()
    assert ("--control" in str(started.value).split()) is control


def test_a_use_case_that_breaks_its_rules_is_said_and_left_out_of_the_stack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "mine"
    shutil.copytree(layout.USE_CASES, mine)
    monkeypatch.setattr(layout, "STATE", tmp_path / "state")
    monkeypatch.setattr(layout, "USE_CASES", mine)
    said: list[str] = []
    assert up.use_cases(local_topology(), said.append)[1] == mine and said == []
    (mine / "broken.yaml").write_text("id: broken\nrisk: grave\n")
    cases, folder = up.use_cases(local_topology(), said.append)
    assert "broken.yaml: name: " in said[0] and "\n" not in said[0]
    assert load_use_cases(folder) == cases
    assert "broken" not in {case.id for case in cases}
    (mine / "credit_risk.yaml").touch()
    assert (folder / "credit_risk.yaml").samefile(mine / "credit_risk.yaml")
    (mine / "broken.yaml").unlink()
    (mine / "credit_risk.yaml").write_text("id: credit_risk\n")
    up.use_cases(local_topology(), said.append)
    assert not (folder / "credit_risk.yaml").exists(), "nothing of the start before is left"
