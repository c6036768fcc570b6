"""Hooks of the triggerer, one per connection: all waiting tasks of a triggerer share them.

Building a hook assumes a role and costs a third of a second of the event loop's machine; five
hundred waiting tasks must not build five hundred.
"""

from __future__ import annotations

import os
import threading
from importlib import import_module
from typing import Any, TypeVar

H = TypeVar("H")

_hooks: dict[tuple[Any, ...], Any] = {}
_lock = threading.Lock()


def shared(kind: type[H], aws_conn_id: str, region_name: str | None) -> H:
    """Return the one hook of a kind and connection, made on first use. Call it in a thread."""
    key = (kind, aws_conn_id, region_name, os.environ.get("AWS_ENDPOINT_URL"))
    with _lock:
        if key not in _hooks:
            hook = kind(aws_conn_id, region_name)  # type: ignore[call-arg]  # every hook takes both
            _ = hook.client  # type: ignore[attr-defined]  # assume the role here, in the thread
            _hooks[key] = hook
        hook_of_key: H = _hooks[key]
        return hook_of_key


def shared_by_path(path: str, aws_conn_id: str, region_name: str | None) -> Any:
    """Return the one hook of the class at a dotted path; imports it. Call it in a thread."""
    module, _, name = path.rpartition(".")
    return shared(getattr(import_module(module), name), aws_conn_id, region_name)
