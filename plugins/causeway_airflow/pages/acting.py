"""As whom the API server acts for a page: a duty that may only read."""

from __future__ import annotations

from typing import Any, TypeVar

from causeway.topology.account_roles import AccountRole
from causeway.topology.connections import connection_id

H = TypeVar("H")

#: Made once in the process: making one assumes a role, which takes longer than a question's calls.
_hooks: dict[tuple[type[Any], str], Any] = {}


def hook(kind: type[H], role: AccountRole | str | None = None, duty: str | None = None) -> H:
    """Return the client of a duty, the same one at each call."""
    assert role is not None and duty is not None  # this process has no account of its own
    key = (kind, connection_id(AccountRole(role), duty))
    client: H = _hooks.get(key) or _hooks.setdefault(key, kind(key[1]))  # type: ignore[call-arg]
    return client
