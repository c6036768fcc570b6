"""What a handler may use of the local AWS, as protocols named by capability.

A function that takes one of them shows in its signature what it depends on. `Cloud` implements all
of them; only the modules that assemble the local AWS import `Cloud` itself.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from localaws.kit.clock import Clock

if TYPE_CHECKING:
    from causeway.iam import Policy
    from localaws.identity.authorisation.request import AuthorisationRequest
    from localaws.identity.credentials import Credentials, CredentialStore
    from localaws.kit.delays import Delays
    from localaws.kit.service import Principal

S = TypeVar("S")


class Timed(Protocol):
    """The time of the local AWS."""

    @property
    def clock(self) -> Clock:
        """The clock of the local AWS."""


class Stores(Protocol):
    """The state that services keep, by account and region."""

    def store(self, kind: type[S], account: str, region: str) -> S:
        """Return the one instance of a store class for an account and region."""


class Accounts(Protocol):
    """The accounts of the local AWS."""

    @property
    def accounts(self) -> dict[str, str]:
        """Account ids by account role."""

    def account_ids(self) -> list[str]:
        """Return the ids of all accounts, each once."""


class Events(Protocol):
    """Events of AWS services."""

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


class Background(Protocol):
    """Work that continues after the reply to a call."""

    def background(self, function: Callable[..., None], *args: Any) -> threading.Thread:
        """Run a function in a daemon thread; what it raises is logged."""

    def on_shutdown(self, function: Callable[[], None]) -> None:
        """Register a function to call when the server stops, the last one first."""


class Clients(Protocol):
    """Clients of this local AWS; their requests pass the gateway like any other."""

    @property
    def endpoint(self) -> str:
        """The URL of the local AWS."""

    def client(self, service: str, credentials: Credentials, region: str) -> Any:
        """Return a boto3 client that signs with `credentials`."""


class Identities(Protocol):
    """Credentials of principals, and temporary ones of roles."""

    @property
    def credentials(self) -> CredentialStore:
        """All credentials that were issued."""

    def assume(
        self,
        role_arn: str,
        session_name: str,
        service_principal: str,
        source_arn: str | None = None,
    ) -> Credentials:
        """Return temporary credentials of a role for an AWS service that acts with it."""


class Permissions(Protocol):
    """Checks whether a principal or an AWS service may act."""

    def check(
        self,
        who: Principal,
        action: str,
        resource: str,
        *,
        service: str = "sagemaker",
        region: str = "",
    ) -> None:
        """Raise unless `who` may do `action` on a resource."""

    def trust_user(self, request: AuthorisationRequest) -> None:
        """Raise AccessDenied unless the caller may assume the role that the call names."""

    def let_service(
        self,
        service: str,
        action: str,
        resource: str,
        context: Mapping[str, str | list[str]],
        policies: tuple[Policy, ...],
        owner: str,
    ) -> None:
        """Raise AccessDenied unless a resource's policies let an AWS service act on it."""


class Authorisation(Protocol):
    """Access to the authoriser."""

    @property
    def authoriser(self) -> Permissions:
        """The authoriser."""


class Delaying(Protocol):
    """How long things take that are not over at once."""

    @property
    def delays(self) -> Delays:
        """The delays of this local AWS."""


class WorkDirectory(Protocol):
    """A directory for files of processes; it is removed when the server stops."""

    @property
    def work_dir(self) -> Path:
        """The directory."""


class TimedStores(Timed, Stores, Protocol):
    """State that changes with time."""


class TimedEvents(Timed, Events, Protocol):
    """Events about something that changes with time."""


class Resources(Stores, Accounts, Protocol):
    """Enough to look up a resource in any account."""


class Announcements(Stores, Events, Protocol):
    """Enough to announce a change of a resource together with the resource's tags."""


class Host(
    Timed,
    Stores,
    Accounts,
    Events,
    Background,
    Clients,
    Identities,
    Authorisation,
    Delaying,
    WorkDirectory,
    Protocol,
):
    """What work behind the calls needs: jobs, endpoints, executions, deliveries."""
