"""A request as the server received it, and as it is handed on."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import unquote

from localaws.door.sigv4 import ALGORITHM, Request, Signature

# Whether a body may be read as a form; moto reads one in any request with a content type.
FORM = "localaws.door.form"
WITHOUT_PREFIX = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
# moto takes an account from its own headers, and a region from the user agent.
NOT_HANDED_ON = ("x-moto-", "user-agent", "authorization")


def read(environ: dict[str, Any]) -> Request:
    """Read a request (WSGI), with its body."""
    length = int(environ.get("CONTENT_LENGTH") or 0)
    chunked = environ.pop("HTTP_TRANSFER_ENCODING", "").lower() == "chunked"
    body = environ["wsgi.input"].read() if chunked else environ["wsgi.input"].read(length)
    raw = str(environ.get("REQUEST_URI") or environ["PATH_INFO"])
    headers = {
        name[5:].replace("_", "-").lower(): str(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    for name, key in WITHOUT_PREFIX.items():
        if environ.get(key):
            headers[name] = str(environ[key])
    path, _, query = raw.partition("?")
    return Request(environ["REQUEST_METHOD"], path, query, headers, body)


def hand_on(environ: dict[str, Any], request: Request, signature: Signature, host: str) -> None:
    """Make `environ` the request, and nothing but the request."""
    for name in [name for name in environ if name.startswith("HTTP_")]:
        del environ[name]
    for name, value in request.headers.items():
        if not name.startswith(NOT_HANDED_ON):
            key = name.upper().replace("-", "_")
            environ[WITHOUT_PREFIX.get(name, f"HTTP_{key}")] = value
    scope = (signature.date, signature.region, signature.service, "aws4_request")
    environ |= {
        "REQUEST_METHOD": request.method,
        "RAW_URI": request.raw_path + (f"?{request.raw_query}" if request.raw_query else ""),
        "PATH_INFO": unquote(request.raw_path).encode().decode("latin-1"),
        "QUERY_STRING": request.raw_query,
        "CONTENT_LENGTH": str(len(request.body)),
        "HTTP_HOST": host,
        # moto reads the key and the region from here, also of a presigned request
        "HTTP_AUTHORIZATION": (
            f"{ALGORITHM} Credential={'/'.join((signature.access_key_id, *scope))}, "
            f"SignedHeaders={';'.join(signature.signed_headers)}, Signature={signature.value}"
        ),
        "wsgi.input": io.BytesIO(request.body),
        FORM: request.headers.get("content-type", "").startswith("application/x-www-form")
        and signature.service != "s3",
    }
    environ["REQUEST_URI"] = environ["RAW_URI"]
