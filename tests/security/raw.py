"""Requests as no SDK sends them: signed by hand, changed after signing, sent as they are."""

from __future__ import annotations

import http.client
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.accounts import REGION
from tests.localaws.conftest import Signer

PLAIN: Mapping[str, str] = {}


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    text: str

    @property
    def refused(self) -> bool:
        """The server answered, and found the request wrong."""
        return 400 <= self.status < 500


def send(
    signer: Signer, method: str, target: str, headers: Mapping[str, str], body: bytes
) -> Answer:
    """Send exactly these bytes."""
    connection = http.client.HTTPConnection(urlsplit(signer.endpoint).netloc, timeout=20)
    connection.putrequest(method, target, skip_host=True, skip_accept_encoding=True)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body)
    reply = connection.getresponse()
    answer = Answer(reply.status, reply.read().decode("utf-8", "replace"))
    connection.close()
    return answer


def ask(
    signer: Signer,
    service: str,
    method: str,
    target: str,
    *,
    headers: Mapping[str, str] = PLAIN,
    body: bytes = b"",
    unsigned: Mapping[str, str] = PLAIN,
    region: str = REGION,
    signed: str | None = None,
) -> Answer:
    """Sign a request and send it with `unsigned` headers added.

    `signed` is the list of signed headers, where it is to be another one than botocore's.
    """
    request = AWSRequest(method, signer.endpoint + target, headers=dict(headers), data=body)
    keys = Credentials(signer.key, signer.secret, signer.token)
    kind = S3SigV4Auth if service == "s3" else SigV4Auth
    auth = kind(keys, service, region)
    if signed is not None:
        names = signed.split(";")

        def chosen(sent: Any) -> Any:
            whole = http.client.HTTPMessage()
            for name in names:
                whole[name] = _value(sent, name, signer)
            return whole

        auth.headers_to_sign = chosen
    auth.add_auth(request)
    final = {"Host": urlsplit(signer.endpoint).netloc, **dict(request.headers.items()), **unsigned}
    return send(signer, method, target, final, body)


def json_call(signer: Signer, service: str, target: str, body: bytes, **options: Any) -> Answer:
    """Send a call of a JSON protocol."""
    headers = {"X-Amz-Target": target, "Content-Type": "application/x-amz-json-1.0"}
    path = options.pop("path", "/")
    headers |= options.pop("headers", {})
    return ask(signer, service, "POST", path, headers=headers, body=body, **options)


def presigned(
    signer: Signer,
    method: str,
    target: str,
    *,
    expires: Any = 60,
    headers: Mapping[str, str] = PLAIN,
) -> str:
    """Return path and query of a presigned request to S3."""
    request = AWSRequest(method, signer.endpoint + target, headers=dict(headers))
    keys = Credentials(signer.key, signer.secret, signer.token)
    S3SigV4QueryAuth(keys, "s3", REGION, expires=expires).add_auth(request)
    url = urlsplit(str(request.url))
    return f"{url.path}?{url.query}"


def _value(sent: Any, name: str, signer: Signer) -> str:
    return urlsplit(signer.endpoint).netloc if name == "host" else str(sent.headers.get(name, ""))
