"""The request to be authorised and the permissions that it needs: the values of this package."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from localaws.kit.arns import is_arn, parse_arn
from localaws.kit.capabilities import Stores
from localaws.kit.service import Principal

Values = Mapping[str, str | list[str]]


@dataclass(frozen=True)
class AuthorisationRequest:
    """One authenticated request. `account` is where it is served: the owner of its resource."""

    service: str
    operation: str
    params: Mapping[str, Any]
    caller: Principal
    account: str
    region: str
    stores: Stores
    headers: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    presigned: bool = False

    def arn(self, resource: str, service: str | None = None) -> str:
        """Return the ARN of a resource of the serving account."""
        return f"arn:aws:{service or self.service}:{self.region}:{self.account}:{resource}"

    def named(self, parameter: str, resource_type: str, service: str | None = None) -> str:
        """Return the ARN of a resource that a parameter gives by ARN or by name."""
        value = str(self.params.get(parameter) or "")
        return value if is_arn(value) else self.arn(f"{resource_type}/{value}", service)


@dataclass(frozen=True)
class Need:
    """One permission that a call needs.

    `others` are alternatives to the resource: permission on one of them is enough. `owner` is the
    account whose resource policies apply; None means the account in the ARN. With `own`, resource
    policies do not apply and the caller's account decides, whatever account the ARN contains.
    """

    action: str
    resource: str = "*"
    context: Values = field(default_factory=dict)
    others: tuple[str, ...] = ()
    owner: str | None = None
    own: bool = False

    def owner_of(self, caller: Principal) -> str:
        """Return the account that owns the resource; the caller's if the ARN has no account."""
        if self.own:
            return caller.account
        if self.owner is not None:
            return self.owner
        account = parse_arn(self.resource).account if is_arn(self.resource) else ""
        return account if account.isdigit() else caller.account


NeedsOf = Callable[[AuthorisationRequest], Iterable[Need]]
_needs: dict[str, NeedsOf] = {}


def needs_of_service(*services: str) -> Callable[[NeedsOf], NeedsOf]:
    """Register the function that yields what calls to a service need."""

    def register(function: NeedsOf) -> NeedsOf:
        for service in services:
            _needs[service] = function
        return function

    return register


def registered(service: str) -> NeedsOf | None:
    """Return the function that yields what calls to a service need, or None."""
    return _needs.get(service)


def present(**values: Any) -> dict[str, str | list[str]]:
    """Return the context keys that have a value; `__` in a name means a colon."""
    return {
        name.replace("__", ":"): text_of(value)
        for name, value in values.items()
        if value not in (None, "", [], {})
    }


def text_of(value: Any) -> str | list[str]:
    """Return a value as condition operators compare it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | set):
        return [str(item) for item in value]
    return str(value)


def tag_keys(tags: Any, key: str = "Key", value: str = "Value") -> dict[str, str | list[str]]:
    """Return `aws:RequestTag/*` and `aws:TagKeys` of a list (or a map) of tags."""
    if isinstance(tags, Mapping):
        by_name = {str(name): str(text) for name, text in tags.items()}
    else:
        by_name = {str(tag.get(key)): str(tag.get(value, "")) for tag in tags or [] if tag}
    if not by_name:
        return {}
    keys: dict[str, str | list[str]] = {f"aws:RequestTag/{n}": v for n, v in by_name.items()}
    return keys | {"aws:TagKeys": list(by_name)}
