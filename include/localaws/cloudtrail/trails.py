"""The trails of all accounts: what each logs, and the events that wait for delivery.

AWS delivers about every five minutes, the local AWS every second.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from localaws.cloudtrail import delivery, selectors
from localaws.cloudtrail.data_events import S3_OBJECT
from localaws.cloudtrail.event import Event
from localaws.kit.service import ServiceError

if TYPE_CHECKING:
    from localaws.kit.capabilities import Host, Stores

log = logging.getLogger(__name__)
SECONDS = 1.0  # between deliveries
MOST_WAITING = 100_000  # undelivered events of a trail; the oldest are dropped first


@dataclass
class Trail:
    """One trail: where it delivers, what it logs, and the result of its last delivery."""

    name: str
    account: str
    region: str
    bucket: str
    prefix: str | None = None
    global_events: bool = True
    multi_region: bool = False
    basic: list[selectors.Selector] = field(default_factory=lambda: list(selectors.DEFAULT))
    advanced: list[selectors.Selector] = field(default_factory=list)
    tags: dict[str, str] = field(default_factory=dict)
    logging: bool = False
    started: datetime | None = None
    stopped: datetime | None = None
    delivered: datetime | None = None
    failure: str | None = None
    waiting: list[Event] = field(default_factory=list)

    @property
    def arn(self) -> str:
        """The trail's ARN."""
        return f"arn:aws:cloudtrail:{self.region}:{self.account}:trail/{self.name}"

    def logs(self, event: Event) -> bool:
        """Tell whether the trail logs an event."""
        if not self.logging or self.account not in event.accounts:
            return False
        return selectors.match(self.basic, self.advanced, event)

    @property
    def root(self) -> str:
        """The prefix of the trail's keys."""
        return f"{self.prefix}/AWSLogs/{self.account}" if self.prefix else f"AWSLogs/{self.account}"


class Trails:
    """Every trail of the local AWS, by ARN."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.all: dict[str, Trail] = {}
        self._host: Host | None = None
        self._stopping = threading.Event()
        self._delivering = threading.Lock()
        self._types: frozenset[str] = frozenset()

    @classmethod
    def of(cls, stores: Stores) -> Trails:
        """Return the trails of a local AWS."""
        return stores.store(cls, "aws", "aws-global")

    def changed(self, host: Host) -> None:
        """Apply changed selectors; the first change starts the delivery."""
        with self.lock:
            self._types = frozenset(
                kind
                for trail in self.all.values()
                if trail.logging
                for kind in selectors.selected_types(trail.basic, trail.advanced)
            )
            if self._host is None:
                self._host = host
                host.background(self._deliver_for_ever)
                host.on_shutdown(self._stopping.set)

    def selects(self, resource_type: str) -> bool:
        """Tell whether any trail selects data events of that resource type."""
        return resource_type in self._types

    def offer(self, event: Event) -> None:
        """Add an event to every trail that logs it."""
        if not self.all:
            return
        with self.lock:
            for trail in self.all.values():
                if trail.logs(event) and not self._own(event):
                    trail.waiting.append(event)
                    del trail.waiting[:-MOST_WAITING]

    def _own(self, event: Event) -> bool:
        """Tell whether an event is the delivery of a log file, which would cause the next one."""
        if event.data is None or event.data.resource_type != S3_OBJECT:
            return False
        places = tuple(f"arn:aws:s3:::{t.bucket}/{t.root}/CloudTrail/" for t in self.all.values())
        return event.name == "PutObject" and event.data.arns[0].startswith(places)

    # ------------------------------------------------------------ delivery
    def _deliver_for_ever(self) -> None:
        while not self._stopping.wait(SECONDS):
            for trail in list(self.all.values()):
                self.deliver(trail)

    def deliver(self, trail: Trail) -> None:
        """Write the waiting events as one log file; if the bucket refuses it, they keep waiting."""
        host = self._host
        if host is None:
            return
        with self._delivering:
            with self.lock:
                events, trail.waiting = trail.waiting, []
            if not events:
                return
            now = host.clock.now()
            try:
                delivery.write(host, trail, events, now)
            except (ServiceError, ClientError) as error:
                log.warning("%s: %d events not delivered: %s", trail.arn, len(events), error)
                trail.failure = delivery.code_of(error)
                with self.lock:
                    trail.waiting[:0] = events
            else:
                trail.delivered, trail.failure = now, None
