"""Connections that stay open: like botocore's own transport, with its errors, but fewer of them."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import (
    ConnectionClosedError,
    ConnectTimeoutError,
    EndpointConnectionError,
    ReadTimeoutError,
    SSLError,
)
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from causeway_airflow.hooks import kept_connections

ENTRIES = [{"FeatureGroupName": "g", "Record": [{"FeatureName": "id", "ValueAsString": "ä"}]}]
REPLY = b'{"Errors": [], "UnprocessedEntries": []}'
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(REPLY)


class Server:
    """Answers each request as `answer` says; counts connections and keeps the requests."""

    def __init__(self, answer: Callable[[socket.socket, int], bool]) -> None:
        self.answer, self.connections, self.sent = answer, 0, list[bytes]()
        self.context: ssl.SSLContext | None = None
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                accepted, _ = self.socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(accepted,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            if self.context:
                connection = self.context.wrap_socket(connection, server_side=True)
            with connection, connection.makefile("rb") as read:
                while head := b"".join(lines_of_head(read)):
                    length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
                    self.sent.append(head + b"\r\n" + read.read(int(length)))
                    if not self.answer(connection, len(self.sent)):
                        return
        except OSError:
            return  # the client gave up


def lines_of_head(read: BinaryIO) -> Iterator[bytes]:
    """Yield the lines before the empty one; none after the client hung up."""
    while (line := read.readline()) not in (b"", b"\r\n"):
        yield line


@contextmanager
def serving(answer: Callable[[socket.socket, int], bool]) -> Iterator[Server]:
    server = Server(answer)
    try:
        yield server
    finally:
        server.socket.shutdown(socket.SHUT_RDWR)  # ends `accept`
        server.socket.close()


def answered(connection: socket.socket, number: int) -> bool:
    connection.sendall(OK + REPLY)
    return True


def client(server: Server, scheme: str = "http", attempts: int = 1, **options: Any) -> Any:
    options.setdefault("verify", None)
    verify = options.pop("verify")
    client = boto3.Session("AKID", "secret", region_name="eu-central-1").client(
        "sagemaker-featurestore-runtime",
        endpoint_url=f"{scheme}://127.0.0.1:{server.port}",
        verify=verify,
        config=Config(
            retries={"mode": "standard", "total_max_attempts": attempts},
            **{"connect_timeout": 5, "read_timeout": 5, **options},
        ),
    )
    assert kept_connections.install(client)
    return client


def test_many_calls_take_one_connection_and_the_server_gets_what_botocore_sends() -> None:
    with serving(answered) as server:
        ours = client(server)
        for _ in range(3):
            assert ours.batch_write_record(Entries=ENTRIES)["Errors"] == []
        assert server.connections == 1
        plain = boto3.Session("AKID", "secret", region_name="eu-central-1").client(
            "sagemaker-featurestore-runtime", endpoint_url=f"http://127.0.0.1:{server.port}"
        )
        plain.batch_write_record(Entries=ENTRIES)
        assert _compared(server.sent[0]) == _compared(server.sent[-1])


def _compared(request: bytes) -> list[bytes]:
    """Return a request without what differs from call to call, its headers in order."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *headers = head.split(b"\r\n")
    own = (b"user-agent", b"x-amz-date", b"authorization", b"amz-sdk-")
    compared = sorted(line for line in headers if line and not line.lower().startswith(own))
    return [first, *compared, body]


def test_a_connection_that_the_server_closed_is_not_used_again() -> None:
    def once(connection: socket.socket, number: int) -> bool:
        answered(connection, number)
        return False

    with serving(once) as server:
        ours = client(server)
        for _ in range(3):
            ours.batch_write_record(Entries=ENTRIES)
            # The server's end arrives a moment after its answer.
            for _, connection in _idle(ours):
                connection.sock.recv(1, socket.MSG_PEEK)
        assert server.connections == 3


def _idle(client: Any) -> list[Any]:
    emitter = client.meta.events
    (send,) = [
        handler
        for handler in emitter._emitter._handlers.prefix_search(
            "before-send.sagemaker-featurestore-runtime.BatchWriteRecord"
        )
        if getattr(handler, "__qualname__", "") == "KeptConnections.send"
    ]
    return list(send.__self__._idle)


def test_a_reply_cut_short_is_sent_again_by_the_client() -> None:
    def cut_once(connection: socket.socket, number: int) -> bool:
        if number == 1:
            connection.sendall(OK + REPLY[:5])
            return False
        return answered(connection, number)

    with serving(cut_once) as server:
        assert client(server, attempts=2).batch_write_record(Entries=ENTRIES)["Errors"] == []
        assert (server.connections, len(server.sent)) == (2, 2)
    with serving(lambda connection, number: False) as server, pytest.raises(ConnectionClosedError):
        client(server).batch_write_record(Entries=ENTRIES)


def test_a_server_that_does_not_answer_is_not_waited_for() -> None:
    answer = threading.Event()

    def silent(connection: socket.socket, number: int) -> bool:
        answer.wait(10)
        return False

    with serving(silent) as server, pytest.raises(ReadTimeoutError):
        try:
            client(server, read_timeout=0.1).batch_write_record(Entries=ENTRIES)
        finally:
            answer.set()


def test_no_server_is_an_endpoint_error(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(answered) as server:
        pass
    with pytest.raises(EndpointConnectionError):
        client(server).batch_write_record(Entries=ENTRIES)

    def late(*_: Any, **__: Any) -> None:
        raise TimeoutError

    monkeypatch.setattr("http.client.HTTPConnection.connect", late)
    with pytest.raises(ConnectTimeoutError):
        client(server).batch_write_record(Entries=ENTRIES)


def test_a_certificate_is_verified(tmp_path: Path) -> None:
    certificate = _certificate(tmp_path)
    with serving(answered) as server:
        server.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        server.context.load_cert_chain(certificate)
        trusting = client(server, "https", verify=str(certificate))
        assert trusting.batch_write_record(Entries=ENTRIES)["Errors"] == []
        with pytest.raises(SSLError):
            client(server, "https").batch_write_record(Entries=ENTRIES)


def test_with_a_proxy_or_without_verification_the_clients_own_transport_stays(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    session = boto3.Session("AKID", "secret", region_name="eu-central-1")
    service = "sagemaker-featurestore-runtime"
    proxied = session.client(service, config=Config(proxies={"https": "http://proxy:3128"}))
    unverified = session.client(service, verify=False)
    assert not kept_connections.install(proxied)
    assert not kept_connections.install(unverified)


def _certificate(folder: Path) -> Path:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path
