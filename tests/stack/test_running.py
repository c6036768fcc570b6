"""What the commands say where the stack does not run, or ended under them."""

from __future__ import annotations

import errno
import json
import sys
import urllib.error
from collections import namedtuple
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from botocore.exceptions import ClientError

from stack import __main__, layout, processes, running, up, watcher
from stack.processes import Program, StackError

SLEEP = [sys.executable, "-c", "import time; time.sleep(600)"]
FORGED = ClientError({"Error": {"Code": "SignatureDoesNotMatch", "Message": "…"}}, "Query")


@pytest.fixture(autouse=True)
def _state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(layout, "STATE", tmp_path)
    for name in ("PROCESSES", "NOTES", "LOCAL", "POSTGRES"):
        monkeypatch.setattr(layout, name, tmp_path / f"{name.lower()}.json")
    for name in ("LOGS", "FAILED", "AIRFLOW_HOME", "MLFLOW_HOME", "AWS_HOME", "PEOPLE_HOME"):
        monkeypatch.setattr(layout, name, tmp_path / name.lower())
    yield
    processes.stop_all()


@pytest.fixture
def lost(tmp_path: Path) -> None:
    """A stack whose local AWS ended."""
    aws = processes.start(Program("localaws", SLEEP, {}))
    layout.private(layout.LOCAL, json.dumps({"endpoint": "http://127.0.0.1:1"}))
    assert running.running() == {"endpoint": "http://127.0.0.1:1"}
    psutil.Process(aws.pid).kill()
    psutil.Process(aws.pid).wait(20)


@pytest.mark.parametrize(
    "command",
    [
        ["up"],
        ["demo"],
        ["pending"],
        [
            *("approve", "--version", "credit-risk/1", "--for", "test", "--as", "model-owner"),
            *("--reason", "good"),
        ],
    ],
    ids=lambda words: words[0],
)
def test_every_command_says_that_the_local_aws_ended_and_wipes_nothing(
    lost: None,
    command: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "argv", ["stack", *command])
    assert __main__.main() == 1
    said = " ".join(capsys.readouterr().out.split())
    assert "localaws does not run any more: its accounts, models and approvals were in its" in said
    assert "`make down` clears what is left, then `make up` begins anew" in said
    assert layout.LOCAL.exists()


def test_it_says_when_the_local_aws_ended_where_that_was_seen(lost: None) -> None:
    watcher.note("localaws", "ended at 09:41:00 and is not started again: …")
    assert str(running.lost()).startswith("localaws ended at 09:41:00 and is not started again")
    assert "localaws ended at 09:41:00" in str(running.explained(FORGED))


def test_an_error_is_explained_where_a_person_can_do_something_about_it() -> None:
    refused = urllib.error.URLError(ConnectionRefusedError(111, "Connection refused"))
    assert "`make status` says what runs" in str(running.explained(refused))
    full = OSError(errno.ENOSPC, "No space left on device", "/x/airflow.log")
    assert running.explained(full) == "no space is left on the disk of /x/airflow.log"
    assert running.explained(FORGED) is None, "AWS's own words say more"
    assert running.explained(KeyError("a bug")) is None


def test_a_full_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert running.full_disk() is None
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr("shutil.disk_usage", lambda _: usage(100, 98, 2 * 2**20))
    assert running.full_disk() == f"the disk of {tmp_path} is full (2 MB are left)"


def test_nothing_runs_before_the_first_start() -> None:
    assert running.running() is None
    with pytest.raises(StackError, match="nothing is running here: make up"):
        running.require_running()


@pytest.mark.parametrize("name", ["CAUSEWAY_USE_CASES", "CAUSEWAY_TOPOLOGY"])
def test_a_shell_that_reads_other_files_than_what_runs_is_told_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str
) -> None:
    monkeypatch.setattr(running, "lost", lambda: None)
    layout.private(layout.LOCAL, json.dumps({"read_from": running.read_from()}))
    assert running.running() is not None
    monkeypatch.setattr(layout, name.removeprefix("CAUSEWAY_"), tmp_path / "other")
    with pytest.raises(StackError, match=f"and this shell names .*other: export {name}=/"):
        running.require_running()


def test_a_start_that_fails_leaves_nothing_running_and_keeps_its_logs(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broken = [sys.executable, "-c", "raise SystemExit('no port')"]
    monkeypatch.setattr(up, "aws_command", lambda _: broken)
    monkeypatch.setattr(up, "mlflow_command", lambda *_: SLEEP)
    said: list[str] = []
    with pytest.raises(StackError, match=r"the local AWS did not start\n(.*\n)*no port"):
        up.up(said.append)
    assert processes.components() == []
    (kept,) = [Path(line.removeprefix("the logs are kept in ")) for line in said if "kept" in line]
    assert (kept / "components" / "localaws.log").read_text() == "no port\n"
    assert not layout.LOCAL.exists()
