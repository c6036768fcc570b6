"""What a health check says of a service."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from stack import health

STATES = {
    "metadatabase": {"status": "healthy"},
    "scheduler": {"status": "healthy"},
    "triggerer": {"status": "unhealthy"},
    "dag_processor": {"status": None},
}


class _Api(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(STATES).encode())

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def api() -> Iterator[str]:
    server = HTTPServer(("127.0.0.1", 0), _Api)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()


def test_a_component_is_as_well_as_the_api_says(api: str) -> None:
    assert health.problem("scheduler", api) is None
    assert health.problem("triggerer", api) == "triggerer: unhealthy"
    assert health.problem("dag-processor", api) == "dag_processor: None"


def test_a_service_that_nobody_knows_is_not_well(api: str) -> None:
    assert health.problem("worker", api) == "no service 'worker'"


def test_no_answer_is_a_failed_check(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    url = "http://127.0.0.1:1/execution/"
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", url)
    assert health.main("scheduler") == 1
    assert "scheduler" in capsys.readouterr().out
