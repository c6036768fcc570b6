"""Records what AWS answers to a client's calls, through botocore's events.

Only what AWS itself answers: a client of any other endpoint is refused. What identifies an account,
a person or a session is replaced before anything is kept, by the same stand-in each time, so that
a later call still names what an earlier one made.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from tests.golden.pairs import Call, plain, save

AWS_DOMAINS: Final = (".amazonaws.com", ".amazonaws.com.cn")
ACCOUNT: Final = re.compile(r"(?<!\d)\d{12}(?!\d)")
#: Unique ids of keys, users and roles (IAM user guide, "Unique identifiers").
UNIQUE_ID: Final = re.compile(r"\b(?:AKIA|ASIA|AIDA|AROA|ANPA|AGPA)[A-Z0-9]{12,}\b")
EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]+")
#: Members whose values are secrets, whatever the service.
SECRET: Final = frozenset(
    {"SecretAccessKey", "SessionToken", "Plaintext", "Password", "Authorization", "ClientToken"}
)


class NotAwsError(Exception):
    """The endpoint of a client is not AWS's: its answers say nothing about AWS."""


class Recorder:
    """Keeps each call of the clients that it was attached to, redacted."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self._stand_ins: dict[str, str] = {}
        self._parameters: dict[str, Any] = {}
        self._clients: list[Any] = []

    def attach(self, client: Any) -> None:
        """Record a client's calls from now on; NotAwsError when it does not call AWS."""
        host = urlsplit(client.meta.endpoint_url).hostname or ""
        if not host.endswith(AWS_DOMAINS):
            raise NotAwsError(f"{host or client.meta.endpoint_url} is not AWS")
        if not any(known is client for known in self._clients):
            self._clients.append(client)
            for event, handler in self._handlers().items():
                client.meta.events.register(event, handler)

    def detach(self) -> None:
        """Record no more."""
        for client in self._clients:
            for event, handler in self._handlers().items():
                client.meta.events.unregister(event, handler)
        self._clients.clear()

    def _handlers(self) -> dict[str, Callable[..., None]]:
        return {
            "provide-client-params.*.*": self._keep_parameters,
            "after-call.*.*": self._keep_answer,
        }

    def write(self, path: Path, region: str) -> None:
        """Write what was recorded as a golden file."""
        source = {
            "kind": "recorded",
            "publisher": "AWS",
            "where": f"recorded in {region} on {datetime.now(UTC).date()}",
        }
        save(path, source, self.calls)

    def _keep_parameters(self, params: dict[str, Any], **_: Any) -> None:
        self._parameters = plain(params)

    def _keep_answer(
        self, http_response: Any, parsed: dict[str, Any], model: Any, **_: Any
    ) -> None:
        service, parameters = model.service_model.service_name, self.redacted(self._parameters)
        if "Error" in parsed and http_response.status_code >= 300:
            error = {"code": parsed["Error"]["Code"], "status": http_response.status_code}
            call = Call(service, model.name, parameters, error=error)
        else:
            # A stream can be read once, by whoever made the call.
            shown = {k: {"bytes": 0} if hasattr(v, "read") else v for k, v in parsed.items()}
            call = Call(service, model.name, parameters, response=self.redacted(plain(shown)))
        json.dumps(call.document)  # what cannot be written is seen here, not at the end
        self.calls.append(call)

    def redacted(self, value: Any, name: str = "") -> Any:
        """Return a value without secrets, and with stand-ins for what identifies somebody."""
        if isinstance(value, dict):
            return {key: self.redacted(entry, key) for key, entry in value.items()}
        if isinstance(value, list):
            return [self.redacted(entry, name) for entry in value]
        if not isinstance(value, str):
            return value
        if name in SECRET:
            return "REDACTED"
        value = ACCOUNT.sub(lambda match: self._stand_in(match[0], "10000000{:04}"), value)
        value = UNIQUE_ID.sub(
            lambda match: self._stand_in(match[0], match[0][:4] + "EXAMPLE{:09}"), value
        )
        return EMAIL.sub(lambda match: self._stand_in(match[0], "person-{}@example.com"), value)

    def _stand_in(self, original: str, form: str) -> str:
        if original not in self._stand_ins:
            self._stand_ins[original] = form.format(len(self._stand_ins) + 1)
        return self._stand_ins[original]
