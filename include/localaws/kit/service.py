"""How an operation of the local AWS is written: a function from a Call to a reply.

A service's module registers its operations on `Service.named(<botocore service>)`. The gateway
parses and validates the request by the botocore model, finds the account that owns the resource,
and serialises the reply or the `ServiceError`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from localaws.kit.capabilities import Clients, Host, Identities, Permissions
from localaws.kit.clock import Clock

Handler = Callable[["Call"], dict[str, Any]]
H = TypeVar("H", bound=Handler)
S = TypeVar("S")


class ServiceError(Exception):
    """An AWS error: its code, its message and its HTTP status."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


@dataclass(frozen=True)
class Principal:
    """Who signed a request.

    `arn` is the account root for the administrator's key, a user, or an assumed-role session.
    `source_identity` is fixed for a session and for all sessions that it opens. `session_name` is
    chosen by the caller, so it proves nothing.
    """

    account: str
    arn: str
    user_id: str
    access_key_id: str
    kind: str  # "administrator" | "user" | "session"
    role_arn: str | None = None
    session_name: str | None = None
    source_identity: str | None = None
    service: str | None = None  # the AWS service that acts with this role, e.g. for a job

    def identity(self) -> dict[str, str]:
        """Return SageMaker's `IamIdentity` of this principal."""
        identity = {"Arn": self.arn, "PrincipalId": self.user_id}
        if self.source_identity:
            identity["SourceIdentity"] = self.source_identity
        return identity


@dataclass(frozen=True)
class Call:
    """One authenticated request to an operation of the local AWS.

    `account` is the account in which the call is served: the owner of the resource that an ARN
    names, otherwise the caller's account. `params` follow the botocore input shape and are valid.

    What nearly every handler needs (time, state, events, work in the background) is here, so a
    call can be passed on as `Timed`, `Stores`, `Accounts`, `Events` or `Background`. What few
    handlers need is behind `clients`, `identities`, `permissions` and `host`.
    """

    service: str
    operation: str
    params: dict[str, Any]
    account: str
    region: str
    caller: Principal
    _host: Host

    def arn(self, resource: str, service: str | None = None) -> str:
        """Return the ARN of a resource of this call's service, account and region."""
        return f"arn:aws:{service or self.service}:{self.region}:{self.account}:{resource}"

    def authorise(self, action: str, resource_arn: str) -> None:
        """Raise the service's error unless the caller may do `action` on another resource."""
        self._host.authoriser.check(
            self.caller, action, resource_arn, service=self.service, region=self.region
        )

    # ------------------------------------------------------------ time and state
    @property
    def clock(self) -> Clock:
        """The local AWS's clock."""
        return self._host.clock

    def now(self) -> datetime:
        """Return the local AWS's time, aware, in UTC."""
        return self._host.clock.now()

    def store(self, kind: type[S], account: str | None = None, region: str | None = None) -> S:
        """Return the one instance of `kind`, by default for this call's account and region."""
        return self._host.store(
            kind,
            self.account if account is None else account,
            self.region if region is None else region,
        )

    @property
    def accounts(self) -> dict[str, str]:
        """Account ids by account role."""
        return self._host.accounts

    def account_ids(self) -> list[str]:
        """Return the ids of all accounts, each once."""
        return self._host.account_ids()

    # ------------------------------------------------------------ effects of a call
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
        self._host.emit(account, region, source, detail_type, detail, resources)

    def background(self, function: Callable[..., None], *args: Any) -> threading.Thread:
        """Run a function in a daemon thread; what it raises is logged."""
        return self._host.background(function, *args)

    def on_shutdown(self, function: Callable[[], None]) -> None:
        """Register a function to call when the server stops, the last one first."""
        self._host.on_shutdown(function)

    # ------------------------------------------------------------ for few handlers
    def client(self, service: str) -> Any:
        """Return a boto3 client that acts as the caller, in the call's region."""
        own = self._host.credentials.of(self.caller)
        return self._host.client(service, own, self.region)

    @property
    def clients(self) -> Clients:
        """Clients with credentials other than the caller's."""
        return self._host

    @property
    def identities(self) -> Identities:
        """Credentials of principals and roles."""
        return self._host

    @property
    def permissions(self) -> Permissions:
        """The authoriser."""
        return self._host.authoriser

    @property
    def host(self) -> Host:
        """What work needs that continues after the reply to the call."""
        return self._host


@dataclass(frozen=True)
class Operation:
    """A registered handler and how the gateway calls it."""

    handler: Handler
    resource: str | None
    locked: bool


class Service:
    """The operations of one botocore service that the local AWS serves itself."""

    _services: dict[str, Service] = {}

    def __init__(self, name: str) -> None:
        self.name = name
        self.operations: dict[str, Operation] = {}
        self.lock = threading.RLock()

    @classmethod
    def named(cls, name: str) -> Service:
        """Return the one service of that botocore name."""
        return cls._services.setdefault(name, cls(name))

    @classmethod
    def find(cls, name: str, operation: str) -> tuple[Service, Operation] | None:
        """Return the handler of an operation, or None when moto serves it."""
        service = cls._services.get(name)
        handler = service.operations.get(operation) if service else None
        return (service, handler) if service and handler else None

    @classmethod
    def all(cls) -> list[Service]:
        """Return every registered service, by name."""
        return [cls._services[name] for name in sorted(cls._services)]

    def operation(
        self, name: str, *, resource: str | None = None, locked: bool = True
    ) -> Callable[[H], H]:
        """Register the handler of an operation.

        `resource` names the parameter that may hold a name or another account's ARN. A handler
        runs under its service's lock unless `locked` is False: slow handlers lock what they need.
        """

        def register(handler: H) -> H:
            if name in self.operations:
                raise ValueError(f"{self.name}:{name} is registered twice")
            self.operations[name] = Operation(handler, resource, locked)
            return handler

        return register
