"""What runs here, in a sentence where it does not: the first look of every command."""

from __future__ import annotations

import errno
import json
import shutil
import urllib.error
from typing import Any, Final

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as AwsConnectionError

from stack import layout
from stack.processes import AWS, StackError, alive, components
from stack.watcher import GONE, notes

#: With less than this a database or a log soon cannot be written.
FULL_BYTES: Final = 32 * 2**20
UNREACHABLE: Final = (
    urllib.error.URLError,
    ConnectionError,
    HTTPClientError,
    AwsConnectionError,
    TimeoutError,
)


def running() -> dict[str, Any] | None:
    """Return `.causeway/local.json`, None when no stack was started here.

    Raises:
        StackError: the local AWS ended, and what the others know of it is worth nothing; or the
            stack was started with other use cases or another topology than this shell names.
    """
    if words := lost():
        raise StackError(words)
    local = described()
    if local is not None:
        _require_same(local)
    return local


def read_from() -> dict[str, str]:
    """Return where use cases and topology are read from, by the variables that say so."""
    return {
        "CAUSEWAY_USE_CASES": str(layout.USE_CASES.resolve()),
        "CAUSEWAY_TOPOLOGY": str(layout.TOPOLOGY.resolve()),
    }


def _require_same(local: dict[str, Any]) -> None:
    here = read_from()
    for name, theirs in local.get("read_from", {}).items():
        if theirs != here[name]:
            raise StackError(
                f"what runs was started with {theirs}, and this shell names {here[name]}: "
                f"export {name}={theirs}, or make down and make up"
            )


def described() -> dict[str, Any] | None:
    """Return `.causeway/local.json`, whatever became of what it describes."""
    try:
        local: dict[str, Any] = json.loads(layout.LOCAL.read_text())
    except FileNotFoundError:
        return None
    return local


def require_running() -> dict[str, Any]:
    """Return what the running stack says of itself; StackError when there is none."""
    local = running()
    if local is None:
        raise StackError("nothing is running here: make up")
    return local


def lost() -> str | None:
    """Return that the local AWS ended with all its accounts; None while it runs."""
    if not layout.LOCAL.exists() or any(c.name == AWS and alive(c) for c in components()):
        return None
    text = notes().get(AWS, f"{AWS} does not run any more: {GONE}")
    log = layout.from_root(layout.LOGS / f"{AWS}.log")
    return f"{text} (log: {log}). `make down` clears what is left, then `make up` begins anew"


def explained(error: Exception) -> str | None:
    """Return what an error means for somebody at the command line; None where it is a bug."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return full_disk() or f"no space is left on the disk of {error.filename or layout.STATE}"
    unreachable = isinstance(error, UNREACHABLE)
    if not unreachable and not isinstance(error, ClientError):
        return None
    if words := lost():
        return words
    return f"{error}: `make status` says what runs" if unreachable else None


def full_disk() -> str | None:
    """Return that the disk of the state is full; None while there is space."""
    folder = next(f for f in (layout.STATE, *layout.STATE.parents) if f.exists())
    free = shutil.disk_usage(folder).free
    if free >= FULL_BYTES:
        return None
    return f"the disk of {layout.from_root(layout.STATE)} is full ({free // 2**20} MB are left)"
