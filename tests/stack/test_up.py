"""What the stack starts, and with which options."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from stack import layout, up
from stack.processes import StackError, Started


@pytest.mark.parametrize("asked", [False, True])
def test_the_control_route_is_off_unless_a_test_asks_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: bool
) -> None:
    def start(name: str, command: Sequence[str], environment: dict[str, str]) -> Started:
        raise StackError(" ".join(command))

    monkeypatch.setattr(layout, "STATE", tmp_path)
    monkeypatch.setattr(up, "start", start)
    monkeypatch.delenv("CAUSEWAY_AWS_CONTROL", raising=False)
    if asked:
        monkeypatch.setenv("CAUSEWAY_AWS_CONTROL", "1")
    with pytest.raises(StackError) as started:
        up._start_aws()
    assert ("--control" in str(started.value).split()) is asked
