"""The scheduler loads before it forks what tasks import, and nothing that a fork would break."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
# jemalloc (in pyarrow) has a thread of its own, which it stops and starts around a fork.
REPORT = """
import json, os, sys, threading
import psutil
from stack import scheduler

scheduler.load()
me, loaded = psutil.Process(), set(sys.modules)
names = [open(f"/proc/self/task/{t.id}/comm").read().strip() for t in me.threads()]
report = {
    "threads": [thread.name for thread in threading.enumerate()],
    "native": [name for name in names if name != "jemalloc_bg_thd"],
    "connections": len(me.net_connections()),
    "loaded": sorted({"boto3", "mlflow", "pandas", "pyarrow.parquet"} & loaded),
}
child = os.fork()
if child == 0:  # as a task does
    import boto3
    from causeway_airflow.hooks.sessions import SharedSessions

    session = boto3.Session("key", "secret", region_name="eu-central-1")
    session._session.register_component("data_loader", SharedSessions.loader)
    for service in ("sagemaker", "dynamodb", "s3", "sts"):
        session.client(service)
    os._exit(0 if set(sys.modules) - loaded == set() else 3)
report["child"] = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
print(json.dumps(report))
"""


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    environment = os.environ | {
        "AIRFLOW_HOME": str(tmp_path_factory.mktemp("airflow")),
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": f"{ROOT / 'include'}:{ROOT / 'plugins'}",
    }
    ended = subprocess.run(
        [sys.executable, "-c", REPORT], env=environment, cwd=ROOT, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    document: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return document


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads Linux's /proc")
def test_nothing_that_a_fork_would_break_is_there(report: dict[str, Any]) -> None:
    assert report["threads"] == ["MainThread"]
    assert len(report["native"]) == 1
    assert report["connections"] == 0


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="reads Linux's /proc")
def test_a_forked_task_makes_its_clients_without_an_import(report: dict[str, Any]) -> None:
    assert report["loaded"] == ["boto3", "mlflow", "pandas", "pyarrow.parquet"]
    assert report["child"] == 0
