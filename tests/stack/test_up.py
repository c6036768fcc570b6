"""The options with which the stack starts its components."""

from __future__ import annotations

from pathlib import Path

import pytest

from stack import layout, up
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
