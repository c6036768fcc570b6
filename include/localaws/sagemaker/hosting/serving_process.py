"""The process behind a model server: started, watched, and started again when it ends.

SageMaker restarts a container that ended, and the endpoint stays `InService`. How long it waits
before each start is not documented.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import socket
import threading
import time
from collections.abc import Callable
from typing import IO, Final

from localaws.kit.service import ServiceError
from localaws.sagemaker.jobs.log import JobLog
from localaws.sagemaker.machine.processes import Child, ProcessTable

STARTUP: Final = 120.0  # real seconds until the model must be loaded
FLUSH: Final = 2.0
#: Real seconds before the first, second, … start in a row; the last holds for all that follow.
PAUSES: Final = (0.0, 1.0, 5.0, 15.0, 60.0)
STEADY: Final = 60.0  # real seconds after which a process that ends is the first in a row again


class ServingProcess:
    """A process that serves one model on a port of its own, until `stop`.

    Args:
        table: the processes that end with the local AWS.
        launch: starts the process, given the descriptors of the pipe on which it reports and of the
            socket on which it listens.
        log: takes its lines.
    """

    def __init__(
        self, table: ProcessTable, launch: Callable[[int, int], Child], log: JobLog
    ) -> None:
        self._table = table
        self._launch = launch
        self._log = log
        self._stopped = threading.Event()
        self._starting = threading.Lock()
        self._child: Child | None = None
        self._port: int | None = None

    @property
    def port(self) -> int | None:
        """Where it answers; None while it does not."""
        return self._port

    def start(self) -> str | None:
        """Start it; return None as soon as it serves, or else why it does not.

        Raises:
            ServiceError: the model's role cannot be assumed any more.
            OSError: the machine does not start it.
        """
        reader, writer = os.pipe()
        # It listens in this network, whatever network its process is in.
        with os.fdopen(reader, "rb") as reports, socket.create_server(("127.0.0.1", 0)) as listener:
            port = int(listener.getsockname()[1])
            try:
                with self._starting:
                    if self._stopped.is_set():
                        return "it was stopped"
                    self._child = child = self._launch(writer, listener.fileno())
            finally:
                os.close(writer)
                listener.close()  # the process has it
            problem = self._problem(reports)
        if problem is None:
            self._port = port
        else:
            child.kill()
        return problem

    def watch(self) -> None:
        """Start it again whenever it ends, until `stop` or the end of the local AWS."""
        ends = 0
        while not self._stopped.is_set():
            since = time.monotonic()
            status = self._end()
            self._port = None
            if self._stopped.is_set() or self._table.closed:
                return
            ends = 1 if time.monotonic() - since > STEADY else ends + 1
            self._log.write(f"the model server ended with status {status}; it is started again")
            if not self._stopped.wait(PAUSES[min(ends, len(PAUSES)) - 1]):
                try:
                    self.start()
                except (OSError, ServiceError) as error:  # as when its role is gone
                    self._log.write(f"the model server does not start: {error}")

    def stop(self) -> None:
        """End it for good."""
        with self._starting:
            self._stopped.set()
        self._port = None
        if self._child is not None:
            self._child.kill()
            with contextlib.suppress(OSError):
                if self._child.process.stdin is not None:
                    self._child.process.stdin.close()

    def _end(self) -> int:
        """Wait for the end of the process and return its status."""
        assert self._child is not None
        while (status := self._child.wait(FLUSH)) is None:
            self._log.flush()
        self._log.flush()
        return status

    def _problem(self, reports: IO[bytes]) -> str | None:
        ready, _, _ = select.select([reports], [], [], STARTUP)
        line = reports.readline() if ready else b""
        report = json.loads(line) if line else {}
        if report.get("serving"):
            return None
        said = report.get("error") or self._log.tail()[-600:]
        return str(said or f"no answer in {STARTUP:.0f} s")
