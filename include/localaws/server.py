"""Runs the local AWS on one port of 127.0.0.1."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from localaws.kit.delays import NO_DELAYS, Delays

HOST = "127.0.0.1"
FIRST_PORT = 4566
THREADS = 48  # each long poll of SQS occupies one; tests start a server for each and take fewer


@dataclass(frozen=True)
class Accounts:
    """The accounts to serve, as a topology file declares them."""

    region: str
    roles: dict[str, str]  # account role -> account id
    management: str
    organisation: bool = False  # all accounts in one organisation
    sharing: bool = False  # with RAM's sharing inside it on
    organisation_id: str | None = None  # a fixed default when None

    @classmethod
    def load(cls, path: Path) -> Accounts:
        """Read `region`, `accounts` and (optional) `management` of a topology file.

        `organisation: {enabled: true, sharing: true}` puts the accounts into one organisation; its
        `id` can be set too.

        Raise ValueError naming the file and key that is missing or not an account id.
        """
        document = yaml.safe_load(path.read_text())
        roles = {str(role): str(number) for role, number in document.get("accounts", {}).items()}
        for role, number in roles.items():
            if not (len(number) == 12 and number.isdigit()):
                raise ValueError(f"{path}: accounts.{role}: {number!r} is not an account id")
        if "governance" not in roles or not document.get("region"):
            raise ValueError(f"{path}: needs `region` and `accounts.governance`")
        organisation = document.get("organisation") or {}
        if unknown := sorted(set(organisation) - {"enabled", "sharing", "id"}):
            raise ValueError(f"{path}: organisation: unknown {', '.join(unknown)}")
        management = roles.get("management", roles["governance"])
        enabled = bool(organisation.get("enabled", False))
        return cls(
            document["region"],
            roles,
            management,
            organisation=enabled,
            sharing=enabled and bool(organisation.get("sharing", False)),
            organisation_id=organisation.get("id"),
        )


class LocalAws:
    """The running local AWS: start, address, stop."""

    def __init__(
        self,
        accounts: Accounts,
        *,
        port: int | None = None,
        host: str = HOST,
        advertised: str | None = None,
        control: bool = False,
        enforce: bool = True,
        check_replies: bool = False,
        threads: int = THREADS,
        delays: Delays = NO_DELAYS,
    ) -> None:
        """Set up a local AWS.

        It listens on `host`; `advertised` is the URL that its description names, where clients
        reach it by another name. Without `enforce`, permissions are evaluated and recorded, but not
        enforced. With `check_replies`, every reply is checked against botocore's output shape; the
        control route returns the violations.
        """
        # Must be set before moto is imported.
        os.environ.setdefault("DISABLE_CUSTOM_S3", "true")
        from localaws.kit.clock import install_into_moto
        from localaws.kit.cloud import Cloud
        from localaws.ram import organisation as organisations

        self.cloud = Cloud(
            accounts.roles,
            accounts.region,
            accounts.management,
            enforce=enforce,
            check_replies=check_replies,
            delays=delays,
        )
        install_into_moto(self.cloud.clock)
        if accounts.organisation:
            organisation = organisations.of(self.cloud)
            organisation.found(accounts.management, set(self.cloud.account_ids()))
            organisation.sharing = accounts.sharing
            organisation.organisation_id = accounts.organisation_id or organisation.organisation_id
        from cheroot import wsgi

        from localaws.door.gateway import Gateway

        self._advertised = advertised
        self.port = port if port is not None else free_port(FIRST_PORT)
        gateway = Gateway(self.cloud, with_control=control)
        self._server = wsgi.Server(
            (host, self.port), gateway, numthreads=threads, request_queue_size=256, timeout=60
        )
        self._server.shutdown_timeout = 2
        self._server.expiration_interval = 0.02  # how often the server checks whether to stop
        self._thread: threading.Thread | None = None

    @property
    def endpoint(self) -> str:
        """The URL to give to AWS clients of this machine as `endpoint_url`."""
        return f"http://{HOST}:{self.port}"

    def start(self) -> None:
        """Listen and serve in a thread."""
        self._server.prepare()
        self.port = self._server.bind_addr[1]
        self.cloud.endpoint = self.endpoint
        self._thread = threading.Thread(target=self._server.serve, daemon=True, name="localaws")
        self._thread.start()

    def stop(self) -> None:
        """Stop everything the local AWS started, then the server."""
        self.cloud.close()
        self._server.stop()
        if self._thread:
            self._thread.join(timeout=5)
        # Where cheroot registers its servers, and would keep this one and all its state for ever.
        statistics = vars(logging)["statistics"]
        for name in [n for n, stats in statistics.items() if stats is self._server.stats]:
            del statistics[name]

    def describe(self) -> dict[str, Any]:
        """Return endpoint, region and the administrators' keys, by account role."""
        return {
            "endpoint": self._advertised or self.endpoint,
            "region": self.cloud.region,
            "accounts": {
                role: {
                    "id": number,
                    "access_key_id": number,
                    "secret_access_key": self.cloud.credentials.administrator(number).secret,
                }
                for role, number in self.cloud.accounts.items()
            },
        }

    def write_description(self, path: Path) -> None:
        """Write `describe()` to a file that only its owner may read, in one step."""
        partial = path.with_suffix(".partial")
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            partial.unlink()
        handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w") as file:
            json.dump(self.describe(), file, indent=2)
        partial.replace(path)


@contextlib.contextmanager
def running(accounts: Accounts, **options: Any) -> Iterator[LocalAws]:
    """Run a local AWS for the length of a `with` block, on any free port."""
    server = LocalAws(accounts, port=options.pop("port", 0), **options)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def free_port(first: int) -> int:
    """Return `first` or the next port of 127.0.0.1 that nothing listens on."""
    for port in range(first, first + 200):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    raise OSError(f"no free port between {first} and {first + 199} on {HOST}")
