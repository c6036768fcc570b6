"""A stand-in for the feature store's door: checks signatures, takes its time, keeps nothing.

For benchmarks of clients, where the local AWS itself would be what limits. It answers `PutRecord`,
`BatchWriteRecord`, `DescribeFeatureGroup` and S3's `PutObject`, each after `latency` seconds,
without blocking the others, and counts the records that it was sent. A request whose SigV4
signature is wrong gets 403.

    python -m tests.perf.standin --definitions group.json --latency 0.02 --describe standin.json
"""

from __future__ import annotations

import argparse
import asyncio
import hashlib
import hmac
import json
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote, unquote

KEY_ID, SECRET = "AKIDSTANDIN", "standin-secret"
ACCEPTED = b'{"Errors": [], "UnprocessedEntries": []}'


class Door(asyncio.Protocol):
    """One connection; requests on it are answered in order."""

    latency = 0.0
    described = b"{}"
    records = 0

    def __init__(self) -> None:
        self._held = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._held += data
        head, found, rest = self._held.partition(b"\r\n\r\n")
        if not found:
            return
        lines = head.decode("latin-1").split("\r\n")
        headers = {
            n.strip().lower(): v.strip() for n, _, v in (x.partition(":") for x in lines[1:])
        }
        length = int(headers.get("content-length", 0))
        assert self._transport is not None
        if headers.get("expect") == "100-continue" and not rest and length:
            self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            headers.pop("expect")
            self._held = head.replace(b"100-continue", b"done") + b"\r\n\r\n"
            return
        if len(rest) < length:
            return
        body, self._held = rest[:length], rest[length:]
        method, target, _ = lines[0].split(" ")
        status, reply = self._answer(method, target, headers, body)
        asyncio.get_running_loop().call_later(self.latency, self._send, status, reply)

    def _answer(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> tuple[str, bytes]:
        if target == "/count":
            sent, Door.records = Door.records, 0
            return "200 OK", json.dumps({"records": sent}).encode()
        if not signed(method, target, headers, body):
            return "403 Forbidden", b'{"message": "the signature does not match"}'
        if target == "/BatchWriteRecord":
            Door.records += body.count(b'"FeatureGroupName"')
            return "200 OK", ACCEPTED
        if target.startswith("/FeatureGroup/"):
            Door.records += 1
            return "200 OK", b""
        if headers.get("x-amz-target") == "SageMaker.DescribeFeatureGroup":
            return "200 OK", self.described
        if method == "PUT":
            return "200 OK", b""
        return "404 Not Found", b'{"message": "not served by this stand-in"}'

    def _send(self, status: str, reply: bytes) -> None:
        assert self._transport is not None
        head = (
            f"HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {len(reply)}"
        )
        self._transport.write(head.encode() + b"\r\n\r\n" + reply)


def signed(method: str, target: str, headers: dict[str, str], body: bytes) -> bool:
    """Whether a request carries the SigV4 signature of this stand-in's key."""
    parts = headers.get("authorization", "").removeprefix("AWS4-HMAC-SHA256 ").split(", ")
    given = dict(part.split("=", 1) for part in parts if "=" in part)
    if "Signature" not in given:
        return False
    _, day, region, service, _ = given["Credential"].split("/")
    names = given["SignedHeaders"].split(";")
    path, _, query = target.partition("?")
    canonical = "\n".join(
        [
            method,
            quote(unquote(quote(path)), safe="/~%"),
            query,
            *(f"{name}:{' '.join(headers[name].split())}" for name in names),
            "",
            given["SignedHeaders"],
            hashlib.sha256(body).hexdigest(),
        ]
    )
    scope = f"{day}/{region}/{service}/aws4_request"
    text = "\n".join(
        [
            "AWS4-HMAC-SHA256",
            headers["x-amz-date"],
            scope,
            hashlib.sha256(canonical.encode()).hexdigest(),
        ]
    )
    wanted = hmac.new(_key(day, region, service), text.encode(), hashlib.sha256).hexdigest()
    return hmac.compare_digest(wanted, given["Signature"])


@lru_cache
def _key(day: str, region: str, service: str) -> bytes:
    key = f"AWS4{SECRET}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key


async def serve(described: bytes, latency: float, describe: Path) -> None:
    Door.latency, Door.described = latency, described
    server = await asyncio.get_running_loop().create_server(Door, "127.0.0.1", 0, backlog=256)
    port = server.sockets[0].getsockname()[1]
    describe.write_text(json.dumps({"endpoint": f"http://127.0.0.1:{port}"}))
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--definitions", type=Path, required=True)
    parser.add_argument("--latency", type=float, default=0.0)
    parser.add_argument("--describe", type=Path, required=True)
    given = parser.parse_args()
    asyncio.run(serve(given.definitions.read_bytes(), given.latency, given.describe))


if __name__ == "__main__":
    main()
