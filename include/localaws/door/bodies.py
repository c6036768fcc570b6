"""A request to a JSON or query service is read once; what is authorised is what moto is given.

moto takes the operation from an `Action` in the query before it looks at the target header, reads
a form in any request, unpacks gzip, and takes a region from the user agent. So it is given one form
of a request: a body in the protocol's content type, and no query.

Sources: "Common parameters" and "Common errors" of the query APIs (MalformedQueryString); AWS JSON
protocols, Smithy (the body is UTF-8). That AWS limits how deep JSON is nested is not verified.
"""

from __future__ import annotations

import json
import math
import zlib
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode

from localaws.door.sigv4 import Request
from localaws.kit.service import ServiceError

FORM = "application/x-www-form-urlencoded"
JSON = "application/x-amz-json-1.1"
MAX_DEPTH = 128  # of JSON; an item of DynamoDB, the deepest of all values, is bound at 32 levels
MAX_BYTES = 64 << 20  # of an unpacked body


def queue_of(service: str, request: Request, host: str) -> dict[str, str]:
    """Return the queue that the path of a call to SQS names, as the parameter that names it."""
    if service != "sqs" or request.raw_path.count("/") != 2:
        return {}
    return {"QueueUrl": f"http://{host}{unquote(request.raw_path)}"}


def unpacked(request: Request) -> Request:
    """Return the request with a plain body; SDKs pack that of `PutMetricData`."""
    if request.headers.get("content-encoding", "") != "gzip":
        return request
    inflate = zlib.decompressobj(wbits=31)
    try:
        body = inflate.decompress(request.body, MAX_BYTES)
    except zlib.error as error:
        raise _unreadable(f"the body is no gzip stream: {error}") from error
    if not inflate.eof or inflate.unused_data:
        raise _unreadable("the body is more than one whole gzip stream of the size that is allowed")
    headers = {n: v for n, v in request.headers.items() if n != "content-encoding"}
    return replace(request, body=body, headers=headers)


def of_query(request: Request, queue: dict[str, str]) -> Request:
    """Return a call of the query protocol as a form in the body, each parameter once.

    `queue` is added for what it names, unless the parameters do.
    """
    try:
        pairs = [
            *_pairs(request.raw_query),
            *(
                _pairs(request.body.decode("utf-8"))
                if request.headers.get("content-type", "").startswith(FORM)
                else ()
            ),
        ]
    except ValueError as error:
        raise _malformed("it is not encoded in UTF-8") from error
    params = dict(pairs)
    if len(params) != len(pairs):
        raise _malformed("a parameter is there twice")
    body = urlencode({**queue, **params}, quote_via=quote).encode()
    headers = {**request.headers, "content-type": FORM, "content-length": str(len(body))}
    return replace(request, method="POST", raw_path="/", raw_query="", headers=headers, body=body)


def of_json(request: Request, queue: dict[str, str]) -> tuple[Request, dict[str, Any]]:
    """Return a call of the JSON protocol without a query, and the document in its body."""
    document = json_object(request.body)
    body = request.body
    if queue and "QueueUrl" not in document:
        document = {**queue, **document}
        body = json.dumps(document).encode()
    headers = {**request.headers, "content-type": JSON, "content-length": str(len(body))}
    plain = replace(request, method="POST", raw_path="/", raw_query="", headers=headers, body=body)
    return plain, document


def json_object(body: bytes) -> dict[str, Any]:
    """Read a JSON object; SerializationException for anything else.

    Numbers that are not finite are refused, and so is what is nested too deeply to be worked on.
    """
    try:
        document = json.loads(
            body.decode("utf-8") or "{}", parse_constant=_no_number, parse_float=_number
        )
    except RecursionError as error:
        raise _unreadable("it is nested too deeply") from error
    except ValueError as error:
        raise _unreadable(str(error)) from error
    if not isinstance(document, dict):
        raise _unreadable("it is no JSON object")
    if _deeper(document, MAX_DEPTH):
        raise _unreadable("it is nested too deeply")
    return document


def _pairs(text: str) -> list[tuple[str, str]]:
    pairs = parse_qsl(text, keep_blank_values=True, errors="strict")
    return [(name, value) for name, value in pairs if not name.startswith("X-Amz-")]


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _number(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError("a number is out of range")
    return number


def _deeper(document: Any, depth: int) -> bool:
    """Tell whether a value is nested deeper than that."""
    level = [document]
    for _ in range(depth):
        level = [
            item
            for value in level
            if isinstance(value, dict | list)
            for item in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return False
    return True


def _unreadable(why: str) -> ServiceError:
    return ServiceError("SerializationException", f"the request cannot be read: {why}")


def _malformed(why: str) -> ServiceError:
    return ServiceError(
        "MalformedQueryString", f"The query string contains a syntax error: {why}", 404
    )
