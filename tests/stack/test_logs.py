"""The logs of failed runs are kept; of the newest few."""

from __future__ import annotations

from pathlib import Path

import pytest

from stack import layout, logs


def test_the_logs_of_the_newest_failed_runs_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LOGS", "FAILED", "AIRFLOW_HOME"):
        monkeypatch.setattr(layout, name, tmp_path / name.lower())
    assert logs.keep() is None, "nothing was started"
    for number in range(logs.KEPT + 2):
        layout.private(layout.LOGS / "scheduler.log", f"run {number}")
        layout.private(layout.AIRFLOW_HOME / "logs" / "task.log", f"run {number}")
        folder = logs.keep()
        assert folder is not None
        assert (Path(folder) / "components" / "scheduler.log").read_text() == f"run {number}"
        assert (Path(folder) / "tasks" / "task.log").read_text() == f"run {number}"
        assert not layout.LOGS.exists()
    assert len(list(layout.FAILED.iterdir())) == logs.KEPT
