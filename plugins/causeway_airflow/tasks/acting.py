"""As whom a task acts: it asks for a hook by its class, and gets the client of a duty."""

from __future__ import annotations

from typing import Protocol, TypeVar

from causeway.topology.account_roles import AccountRole

H = TypeVar("H")


class Hooks(Protocol):
    """Returns a hook that acts in the task's own account and duty, or in those that are named."""

    def __call__(
        self, kind: type[H], role: AccountRole | str | None = None, duty: str | None = None
    ) -> H:
        """Return the hook, the same one at each call."""
        ...
