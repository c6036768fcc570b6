"""Signed requests over connections that stay open, without the cost of botocore's own transport.

Sending a request costs botocore and urllib3 a third of all CPU of a batch of records. Here a
request that the client has built and signed goes over `http.client`, and the reply goes back to the
client, which parses it and retries: its `before-send` event is made for that. Timeouts,
certificates and the number of connections are those of the client; with a proxy, a client
certificate or no verification at all its own transport stays.
"""

from __future__ import annotations

import http.client
import socket
import ssl
from collections import deque
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)
from botocore.httpsession import get_cert_path
from urllib3.util.wait import wait_for_read


def install(client: Any) -> bool:
    """Let a client send over connections that stay open; return whether it does."""
    # No public attribute says how a client was configured to connect; a test covers these.
    transport, url = client._endpoint.http_session, client.meta.endpoint_url
    verify = transport._verify
    if transport._proxy_config.proxy_url_for(url) or transport._cert_file or verify is False:
        return False
    config, service = client.meta.config, client.meta.service_model.service_id.hyphenize()
    connections = KeptConnections(verify, config.connect_timeout, config.read_timeout)
    client.meta.events.register(f"before-send.{service}", connections.send)
    return True


class KeptConnections:
    """Connections that wait for the next request; as many as were ever under way at once.

    :param verify: True, or the path of the authorities' certificates
    :param connect_timeout: seconds
    :param read_timeout: seconds
    """

    def __init__(self, verify: bool | str, connect_timeout: float, read_timeout: float) -> None:
        self._verify, self._connect, self._read = verify, connect_timeout, read_timeout
        self._idle: deque[tuple[str, http.client.HTTPConnection]] = deque()
        self._context: ssl.SSLContext | None = None

    def send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        """Send a request and return the reply, read to its end.

        Raises botocore's errors of connections, on which the client retries.
        """
        origin, target = _split(request.url)
        body: Any = request.body  # bytes; botocore's type also allows a stream of text
        connection = self._reusable(origin) or self._new(origin, request.url)
        try:
            connection.request(request.method, target, body, dict(_headers(request)))
            reply = connection.getresponse()
            content = reply.read()
        except TimeoutError as error:
            connection.close()
            raise ReadTimeoutError(endpoint_url=request.url, error=error) from error
        except (http.client.HTTPException, OSError) as error:
            connection.close()
            raise ConnectionClosedError(
                error=error, request=request, endpoint_url=request.url
            ) from error
        except BaseException:
            connection.close()  # half a reply would be read as the next one's
            raise
        if connection.sock is not None:
            self._idle.append((origin, connection))
        headers: Any = reply.headers  # botocore's HTTPHeaders is the same class
        return AWSResponse(request.url, reply.status, headers, _Content(content))

    def _reusable(self, origin: str) -> http.client.HTTPConnection | None:
        """Return an idle connection that the server has not closed meanwhile."""
        while True:
            try:
                idle_origin, connection = self._idle.pop()
            except IndexError:
                return None
            if idle_origin == origin and not wait_for_read(connection.sock, timeout=0):
                return connection
            connection.close()

    def _new(self, origin: str, url: str) -> http.client.HTTPConnection:
        scheme, _, host = origin.partition("//")
        connection = (
            http.client.HTTPSConnection(host, timeout=self._connect, context=self._secured())
            if scheme == "https:"
            else http.client.HTTPConnection(host, timeout=self._connect)
        )
        try:
            connection.connect()
        except TimeoutError as error:
            raise ConnectTimeoutError(endpoint_url=url, error=error) from error
        except ssl.SSLError as error:
            raise SSLError(endpoint_url=url, error=error) from error
        except OSError as error:
            raise EndpointConnectionError(endpoint_url=url, error=error) from error
        # `http.client` has set TCP_NODELAY itself.
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        connection.sock.settimeout(self._read)
        return connection

    def _secured(self) -> ssl.SSLContext:
        if self._context is None:
            verify: Any = self._verify  # a path is returned as it is, although the stub says bool
            self._context = ssl.create_default_context(cafile=get_cert_path(verify))
        return self._context


class _Content:
    """The body of a reply, in the form that botocore reads."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, *_: Any, **__: Any) -> Iterator[bytes]:
        yield self._content


@lru_cache(maxsize=256)
def _split(url: str) -> tuple[str, str]:
    """Return the origin of a URL (scheme, host, port), and the target of its request there."""
    parts = urlsplit(url)
    target = parts.path or "/"
    return f"{parts.scheme}://{parts.netloc}", f"{target}?{parts.query}" if parts.query else target


def _headers(request: AWSPreparedRequest) -> Iterator[tuple[str, str]]:
    for name, value in request.headers.items():
        yield name, value.decode() if isinstance(value, bytes) else value
