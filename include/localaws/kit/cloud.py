"""The whole local AWS: its accounts, state, clock, clients and events.

Only the modules that assemble the local AWS import this; handlers name the capabilities that they
use (`capabilities.py`).
"""

from __future__ import annotations

import logging
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from localaws.door.conformance import Conformance
from localaws.engine import events
from localaws.identity.authorisation import Authoriser
from localaws.identity.authorisation.record import Decisions
from localaws.identity.credentials import Credentials, CredentialStore
from localaws.kit.clock import Clock
from localaws.kit.delays import NO_DELAYS, Delays

log = logging.getLogger(__name__)
S = TypeVar("S")
ATTEMPTS = 5  # for a call that a service makes itself


class Cloud:
    """State and services shared by all handlers; lives as long as the server."""

    def __init__(
        self,
        accounts: dict[str, str],
        region: str,
        management: str,
        *,
        enforce: bool = True,
        check_replies: bool = False,
        delays: Delays = NO_DELAYS,
    ) -> None:
        self.delays = delays
        self.accounts = accounts  # account role -> account id
        self.region = region
        self.management = management  # account id of the organisation's management account
        self.clock = Clock()
        self.credentials = CredentialStore(accounts, self.clock)
        self.authoriser = Authoriser(self, enforce=enforce)
        self.conformance = Conformance(on=check_replies)
        self.work_dir = Path(tempfile.mkdtemp(prefix="localaws-"))
        self.endpoint = ""
        self._stores: dict[tuple[type, str, str], Any] = {}
        self._clients: dict[tuple[str, str, str], Any] = {}
        self._lock = threading.RLock()
        self._closing: list[Callable[[], None]] = []
        self._session: Any = None

    def store(self, kind: type[S], account: str, region: str) -> S:
        """Return the one instance of a store class for an account and region."""
        with self._lock:
            key = (kind, account, region)
            if key not in self._stores:
                self._stores[key] = kind()
            store: S = self._stores[key]
            return store

    def account_ids(self) -> list[str]:
        """Return the ids of all accounts, each once."""
        return sorted(set(self.accounts.values()))

    @property
    def decisions(self) -> Decisions:
        """Every decision of the authoriser."""
        return self.authoriser.decisions

    # ------------------------------------------------------------ identities and clients
    def assume(
        self,
        role_arn: str,
        session_name: str,
        service_principal: str,
        source_arn: str | None = None,
    ) -> Credentials:
        """Return temporary credentials of a role for an AWS service that acts with it.

        `source_arn` is the resource that the service acts for. By default it is any resource of
        the service in that account.
        """
        self.authoriser.trust_service(role_arn, service_principal, source_arn)
        return self.credentials.open_session(
            role_arn, session_name, service=service_principal, seconds=12 * 3600
        )

    def client(self, service: str, credentials: Credentials, region: str) -> Any:
        """Return a boto3 client that signs with `credentials` and calls this server."""
        import boto3
        from botocore.config import Config

        key = (service, credentials.access_key_id, region)
        with self._lock:
            if key not in self._clients:
                self._session = self._session or boto3.Session()
                self._clients[key] = self._session.client(
                    service,
                    region_name=region,
                    endpoint_url=self.endpoint,
                    aws_access_key_id=credentials.access_key_id,
                    aws_secret_access_key=credentials.secret,
                    aws_session_token=credentials.token,
                    config=Config(
                        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
                        max_pool_connections=16,
                    ),
                )
            return self._clients[key]

    # ------------------------------------------------------------ events and threads
    def emit(
        self,
        account: str,
        region: str,
        source: str,
        detail_type: str,
        detail: dict[str, Any],
        resources: list[str] | None = None,
    ) -> None:
        """Put an event of an AWS service on an account's default bus."""
        events.emit(self, account, region, source, detail_type, detail, resources or [])

    def background(self, function: Callable[..., None], *args: Any) -> threading.Thread:
        """Run a function in a daemon thread; what it raises is logged."""

        def run() -> None:
            try:
                function(*args)
            except Exception:
                log.exception("background work %s failed", function.__qualname__)

        thread = threading.Thread(target=run, name=function.__qualname__, daemon=True)
        thread.start()
        return thread

    def on_shutdown(self, function: Callable[[], None]) -> None:
        """Register a function to call when the server stops, the last one first."""
        with self._lock:
            self._closing.append(function)

    def close(self) -> None:
        """Stop everything the local AWS started and remove its working directory."""
        for function in reversed(self._closing):
            try:
                function()
            except Exception:
                log.exception("shutdown of %s failed", function.__qualname__)
        shutil.rmtree(self.work_dir, ignore_errors=True)
