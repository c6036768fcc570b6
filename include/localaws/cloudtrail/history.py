"""The event history: recent management events, in the accounts of the caller and the owner.

Data events are not in it, as on AWS, where a trail has to select them. Source:
CloudTrail User Guide, "Viewing CloudTrail events".
"""

from __future__ import annotations

import threading
import uuid
from collections import deque
from typing import Protocol

from localaws.cloudtrail import data_events
from localaws.cloudtrail.event import Event, named_in, shortened
from localaws.cloudtrail.trails import Trails
from localaws.identity.authorisation.request import AuthorisationRequest
from localaws.kit.capabilities import Identities, Stores, TimedStores
from localaws.kit.service import ServiceError

LIMIT = 100_000  # events; the oldest are dropped first


class Recording(TimedStores, Identities, Protocol):
    """What recording a call needs: the trails, the time, and the caller's session."""


class History:
    """The management events of all accounts, the newest last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: deque[Event] = deque(maxlen=LIMIT)

    @classmethod
    def of(cls, stores: Stores) -> History:
        """Return the one history of the local AWS."""
        return stores.store(cls, "aws", "aws-global")

    def record(
        self, aws: Recording, request: AuthorisationRequest, error: ServiceError | None
    ) -> None:
        """Record a call and its result, and pass it to the trails that select it."""
        if data_events.unrecorded(request):
            return
        trails = Trails.of(aws)
        kind = data_events.resource_type(request)
        if kind is not None and not trails.selects(kind):
            return
        data = data_events.data_of(request, kind) if kind is not None else None
        event = Event(
            id=str(uuid.uuid4()),
            time=aws.clock.now(),
            service=request.service,
            name=request.operation,
            caller=request.caller,
            session=aws.credentials.find(request.caller.access_key_id),
            owner=request.account,
            region=request.region,
            user_agent=request.headers.get("user-agent", ""),
            parameters=shortened(request.params),
            resources=named_in(request.params),
            error=(error.code, error.message) if error else None,
            data=data,
        )
        if data is None:
            with self._lock:
                self._events.append(event)
        trails.offer(event)

    def of_account(self, account: str) -> list[Event]:
        """Return an account's events, the newest first."""
        with self._lock:
            return [event for event in reversed(self._events) if account in event.accounts]
