"""The published file, downloaded from a server of this test: the real ones may be out of reach."""

from __future__ import annotations

import hashlib
import io
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from causeway.errors import BadInput
from causeway.ingestion import samples
from causeway.ingestion.raw_data import validate_raw
from causeway.use_cases.files import load_use_cases, use_case
from causeway.use_cases.published import Published
from causeway.use_cases.use_case import UseCase
from causeway_airflow.hooks import published as client
from causeway_airflow.tasks.raw_data import fetch_published

HTTP = frozenset({"http"})


def zipped(name: str, content: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return out.getvalue()


CREDIT = samples.text("credit_risk", 60, 0)
HOUSING = samples.text("california_housing", 60, 0)
FILES = {
    "/credit.zip": zipped("SouthGermanCredit.asc", CREDIT.replace("\n", "\r\n")),
    "/housing": HOUSING.partition("\n")[2].encode(),  # without its header
}
LOCATIONS = {
    "/moved": "/credit.zip",
    "/to-a-file": "file:///etc/passwd",
    "/to-ftp": "ftp://127.0.0.1/x",
    "/to-https": "https://127.0.0.1:1/x",
    "/round": "/round",
}


class Site(BaseHTTPRequestHandler):
    """Serves FILES, sends on to LOCATIONS, and is broken in some ways."""

    slow = threading.Event()

    def do_GET(self) -> None:
        if self.path in LOCATIONS:
            self._head(302, Location=LOCATIONS[self.path], Content_Length=0)
        elif self.path in FILES:
            self._head(200, Content_Length=len(FILES[self.path]))
            self.wfile.write(FILES[self.path])
        elif self.path == "/cut":
            self._head(200, Content_Length=1000)
            self.wfile.write(b"x" * 10)
        elif self.path == "/silent":
            self.slow.wait(10)
        elif self.path == "/broken":
            self._head(503, Content_Length=0)
        else:
            self._head(404, Content_Length=0)

    def _head(self, status: int, **headers: Any) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    Site.slow.set()
    server.shutdown()
    server.server_close()


def published(address: str, **fields: Any) -> Published:
    """Return a declaration with an address that a contract would not be allowed."""
    return Published(address="https://example.org/x", **fields).model_copy(
        update={"address": address}
    )


def credit(site: str, path: str = "/credit.zip", **fields: Any) -> Published:
    return published(f"{site}{path}", archive="zip", member="SouthGermanCredit.asc", **fields)


CASE = use_case("credit_risk")


@pytest.mark.parametrize("path", ["/credit.zip", "/moved"])
def test_an_archive_is_downloaded_and_its_file_keeps_the_contract(
    site: str, path: str, tmp_path: Path
) -> None:
    digest = hashlib.sha256(FILES["/credit.zip"]).hexdigest()
    raw = fetch_published(CASE.data, credit(site, path, download_sha256=digest), tmp_path, HTTP)
    assert validate_raw(raw, CASE.raw_source()).rows == 60


def test_a_file_without_a_header_gets_the_contracts(site: str, tmp_path: Path) -> None:
    case = use_case("california_housing")
    raw = fetch_published(case.data, published(f"{site}/housing", header=False), tmp_path, HTTP)
    assert raw.read_text() == HOUSING


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "another digest": ("/credit.zip", {"download_sha256": "0" * 64}, "its SHA-256 is "),
    "too large": ("/credit.zip", {"download_limit": 100}, "has more than 100 bytes"),
    "not there": ("/none", {}, "answers 404"),
    "to a file": ("/to-a-file", {}, "not allowed"),
    "to ftp": ("/to-ftp", {}, "leads to ftp://127.0.0.1/x; allowed: http"),
    "to a scheme that is not allowed": ("/to-https", {}, "leads to https://127.0.0.1:1/x"),
    "in a circle": ("/round", {}, "infinite loop"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_another_file_or_place_is_refused(case: str, site: str, tmp_path: Path) -> None:
    path, fields, message = REFUSED[case]
    with pytest.raises(BadInput, match=message):
        fetch_published(CASE.data, credit(site, path, **fields), tmp_path, HTTP)


@pytest.mark.parametrize(
    ("path", "message"),
    [("/broken", "answers 503"), ("/cut", "cannot be downloaded"), ("/silent", "timed out")],
)
def test_a_place_that_does_not_answer_may_be_asked_again(
    path: str, message: str, site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "TIMEOUT", 0.2)
    with pytest.raises(client.DownloadError, match=message) as caught:
        fetch_published(CASE.data, credit(site, path), tmp_path, HTTP)
    assert caught.value.retryable


def test_a_download_that_takes_too_long_is_given_up(
    site: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "DEADLINE", -1.0)
    with pytest.raises(client.DownloadError, match="not whole after"):
        fetch_published(CASE.data, credit(site), tmp_path, HTTP)


def test_nothing_is_loaded_without_encryption(site: str, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="allowed: https"):
        fetch_published(CASE.data, credit(site), tmp_path)


@pytest.mark.parametrize("case", load_use_cases(), ids=lambda case: case.id)
def test_each_shipped_use_case_declares_what_is_published(case: UseCase) -> None:
    declared = case.data.published
    assert declared is not None
    assert declared.rows
    assert declared.sha256 or declared.download_sha256
