"""Downloads the published raw file of a use case, from the address in its contract alone.

Streamed to disk, with a limit in bytes and in time; over https only, redirects included, so that a
published page can send nobody to a file, another protocol or an unencrypted address.
"""

from __future__ import annotations

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import IO, Any, Final
from urllib.parse import urlsplit

from causeway.errors import BadInput, CausewayError
from causeway.ingestion.unpacking import BLOCK_BYTES
from causeway.use_cases.published import NEXT_STEP

#: Seconds until an answer begins or goes on, and for the whole download.
TIMEOUT: Final = 30.0
DEADLINE: Final = 600.0
SCHEMES: Final = frozenset({"https"})
REDIRECTS: Final = 5


class DownloadError(CausewayError):
    """A published file that could not be downloaded now; it may pass."""

    retryable = True


def download(address: str, target: Path, limit: int, schemes: frozenset[str] = SCHEMES) -> str:
    """Download an address to a file of at most `limit` bytes and return its SHA-256.

    Raises:
        BadInput: it is too large, does not exist, or is redirected to another protocol.
        DownloadError: the server does not answer, or not in time.
    """
    deadline = time.monotonic() + DEADLINE
    digest, size = hashlib.sha256(), 0
    _require_scheme(address, address, schemes)
    request = urllib.request.Request(address, headers={"User-Agent": "causeway"})  # noqa: S310 - the scheme is checked
    try:
        with _opener(schemes).open(request, timeout=TIMEOUT) as reply, target.open("wb") as out:
            while block := reply.read1(BLOCK_BYTES):
                size += len(block)
                if size > limit:
                    raise BadInput(f"{address} has more than {limit} bytes", next_step=NEXT_STEP)
                if time.monotonic() > deadline:
                    raise TimeoutError(f"not whole after {DEADLINE:.0f} seconds")
                digest.update(block)
                out.write(block)
            _require_whole(reply, size)
    except urllib.error.HTTPError as error:
        kind = DownloadError if error.code >= 500 or error.code == 429 else BadInput
        raise kind(f"{address} answers {error.code} {error.reason}", next_step=NEXT_STEP) from error
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise DownloadError(
            f"{address} cannot be downloaded: {reason}",
            next_step="See whether the worker may reach it, or hand in the file by path or S3 URI.",
        ) from error
    return digest.hexdigest()


def _opener(schemes: frozenset[str]) -> urllib.request.OpenerDirector:
    """Return an opener without the handlers of file:, ftp: and data: that urllib would add."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        _Redirects(schemes),
    ):
        opener.add_handler(handler)
    return opener


def _require_whole(reply: Any, size: int) -> None:
    """Refuse a reply that ended before its declared length: `read1` does not."""
    declared = reply.headers.get("Content-Length")
    if declared is not None and declared.isdigit() and int(declared) != size:
        raise http.client.IncompleteRead(b"", int(declared) - size)


def _require_scheme(address: str, source: str, schemes: frozenset[str]) -> None:
    if urlsplit(address).scheme not in schemes:
        raise BadInput(
            f"{source} leads to {address[:200]}; allowed: {', '.join(sorted(schemes))}",
            next_step=NEXT_STEP,
        )


class _Redirects(urllib.request.HTTPRedirectHandler):
    """Follows a few redirects, to allowed schemes alone."""

    max_redirections = REDIRECTS
    max_repeats = REDIRECTS

    def __init__(self, schemes: frozenset[str]) -> None:
        self._schemes = schemes

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: Any,
        newurl: str,
    ) -> urllib.request.Request | None:
        """Return the next request."""
        _require_scheme(newurl, req.full_url, self._schemes)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
