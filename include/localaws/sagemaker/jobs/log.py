"""The log of a job or a model server: CloudWatch Logs, the metrics in it, and its last lines."""

from __future__ import annotations

import logging
import re
import threading
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localaws.kit.clock import Clock

log = logging.getLogger(__name__)
TAIL = 12
BATCH = 500  # CloudWatch accepts 10,000 events or 1 MiB per call


class JobLog:
    """Collects lines and sends them in batches to a log stream, as the execution role.

    `client` returns a logs client whose credentials are valid now.
    As on AWS, a job whose role may not write logs runs without a log.
    """

    def __init__(
        self,
        client: Callable[[], Any],
        clock: Clock,
        group: str,
        stream: str,
        metrics: list[dict[str, str]],
    ) -> None:
        self._client = client
        self._clock = clock
        self.group = group
        self.stream = stream
        self._patterns = {metric["Name"]: re.compile(metric["Regex"]) for metric in metrics}
        self._lock = threading.Lock()
        self._sending = threading.Lock()
        self._waiting: list[dict[str, Any]] = []
        self._tail: deque[str] = deque(maxlen=TAIL)
        self._values: dict[str, tuple[float, datetime]] = {}
        self._ready = False

    def write(self, line: str) -> None:
        """Add one line."""
        now = self._clock.now()
        with self._lock:
            if line:  # CloudWatch refuses empty messages
                event = {"timestamp": int(now.timestamp() * 1000), "message": line[:250_000]}
                self._waiting.append(event)
                self._tail.append(line)
            for name, pattern in self._patterns.items():
                for match in pattern.finditer(line):
                    self._values[name] = (_number(match), now)

    def tail(self) -> str:
        """Return the last lines."""
        with self._lock:
            return "\n".join(self._tail)

    def metrics(self) -> list[dict[str, Any]]:
        """Return the last value of each metric, as `FinalMetricDataList` has them."""
        with self._lock:
            return [
                {"MetricName": name, "Value": value, "Timestamp": when}
                for name, (value, when) in self._values.items()
                if value == value
            ]

    def flush(self) -> None:
        """Send the buffered lines."""
        with self._sending:
            with self._lock:
                events, self._waiting = self._waiting, []
            try:
                if events and not self._ready:
                    self._prepare()
                for start in range(0, len(events), BATCH):
                    self._client().put_log_events(
                        logGroupName=self.group,
                        logStreamName=self.stream,
                        logEvents=events[start : start + BATCH],
                    )
            except (ClientError, BotoCoreError) as error:
                log.warning("log stream %s %s: %s", self.group, self.stream, error)

    def _prepare(self) -> None:
        client = self._client()
        for create, names in (
            (client.create_log_group, {"logGroupName": self.group}),
            (
                client.create_log_stream,
                {"logGroupName": self.group, "logStreamName": self.stream},
            ),
        ):
            try:
                create(**names)
            except ClientError as error:
                if error.response["Error"]["Code"] != "ResourceAlreadyExistsException":
                    raise
        self._ready = True


def _number(match: re.Match[str]) -> float:
    try:
        return float(match.group(1))
    except (IndexError, TypeError, ValueError):
        return float("nan")
