"""The MLflow of one tracking server: a child process behind a socket file of this user's own.

A socket file and not a port, so that only the gateway can reach it.
"""

from __future__ import annotations

import contextlib
import http.client
import logging
import secrets
import socket
import subprocess
import sys
import time
from collections import deque
from pathlib import Path

from localaws.door.protocol import Reply
from localaws.identity.credentials import Credentials
from localaws.kit.capabilities import Host
from localaws.sagemaker.machine.failures import WorkFailedError
from localaws.sagemaker.machine.images import Environment
from localaws.sagemaker.machine.processes import Child, ProcessTable
from localaws.sagemaker.machine.sandbox import Sandbox

log = logging.getLogger(__name__)
HOST = Path(__file__).with_name("tracking_host.py")
STARTUP = 180.0  # real seconds
ANSWER = 60.0
TAIL = 10
PASSED_ON = ("content-type", "accept", "user-agent")  # no Authorization reaches the process
RETURNED = ("content-type",)


class _SocketFile(http.client.HTTPConnection):
    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=ANSWER)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class TrackingProcess:
    """One server's process and files; the files are kept until it or the local AWS is removed."""

    def __init__(self, host: Host, name: str, artifacts: str, region: str) -> None:
        self._host = host
        self._name = name
        self._artifacts = artifacts
        self._region = region
        self._box = Sandbox(host.work_dir, name)
        # Directly below the work directory: a socket's path has at most 107 characters.
        self._socket = host.work_dir / f"{secrets.token_hex(4)}.sock"
        self._tail: deque[str] = deque(maxlen=TAIL)
        self._child: Child | None = None

    def start(self, credentials: Credentials) -> None:
        """Start MLflow with a role's credentials; return as soon as it answers.

        Raises:
            WorkFailedError: it did not start.
        """
        runtime = Environment("mlflow", Path(sys.executable), "")
        environment = self._box.environment(runtime, credentials, self._region, self._host.endpoint)
        environment |= {
            "MLFLOW_FLASK_SERVER_SECRET_KEY": secrets.token_urlsafe(32),
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_DISABLE_TELEMETRY": "true",
        }
        database = self._box.root / "mlflow.db"
        self._socket.unlink(missing_ok=True)
        self._child = Child(
            ProcessTable.of(self._host),
            [
                *(str(runtime.python), "-P", str(HOST)),
                *(str(self._socket), str(database), self._artifacts),
            ],
            cwd=self._box.root,
            env=environment,
            on_line=self._tail.append,
            stdin=subprocess.PIPE,
        )
        self._await_answer(self._child)

    def _await_answer(self, child: Child) -> None:
        end = time.monotonic() + STARTUP
        while time.monotonic() < end:
            with contextlib.suppress(OSError, http.client.HTTPException):
                if self.ask("GET", "/health", {}, b"").status == 200:
                    return
            if child.wait(0.25) is not None:
                break
        said = " | ".join(self._tail) or f"no answer in {STARTUP:.0f} s"
        self.stop()
        raise WorkFailedError(f"MLflow of tracking server {self._name} did not start: {said}")

    def ask(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
        """Forward a request; OSError or HTTPException if the process does not answer."""
        connection = _SocketFile(self._socket)
        try:
            passed = {name: headers[name] for name in PASSED_ON if name in headers}
            connection.request(method, target, body=body or None, headers=passed)
            reply = connection.getresponse()
            returned = [(name, value) for name in RETURNED if (value := reply.getheader(name))]
            return Reply(reply.status, returned, reply.read())
        finally:
            connection.close()

    def stop(self) -> None:
        """End the process; its database is kept for the next start."""
        child, self._child = self._child, None
        if child is not None:
            child.stop()
            with contextlib.suppress(OSError):
                if child.process.stdin is not None:
                    child.process.stdin.close()
        self._socket.unlink(missing_ok=True)

    def remove(self) -> None:
        """End the process and remove its files."""
        self.stop()
        self._box.close()
