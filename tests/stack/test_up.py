"""The options with which the stack starts its components."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from stack import layout, up
from stack.processes import Component, StackError


@pytest.mark.parametrize("control", [False, True])
def test_the_control_route_is_off_unless_a_test_requests_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, control: bool
) -> None:
    def start(name: str, command: Sequence[str], environment: dict[str, str]) -> Component:
        raise StackError(" ".join(command))

    monkeypatch.setattr(layout, "STATE", tmp_path)
    monkeypatch.setattr(up, "start", start)
    monkeypatch.delenv("CAUSEWAY_AWS_CONTROL", raising=False)
    if control:
        monkeypatch.setenv("CAUSEWAY_AWS_CONTROL", "1")
    with pytest.raises(StackError) as started:
        up._start_aws()
    assert ("--control" in str(started.value).split()) is control
