"""Who is let through to MLflow: asked of the log-in, in front of an application that says yes.

`tests/security/test_mlflow.py` asks the real server.
"""

from __future__ import annotations

import asyncio
import base64
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from stack.tracking_server import SEARCHES, LogIn, settings

PASSWORDS = {"airflow": "a-word", "auditor": "wört:with colon"}
application: Any = PlainTextResponse("yes")
client = TestClient(LogIn(application, PASSWORDS))


def basic(name: str, password: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{name}:{password}".encode()).decode()}


def status_of(method: str, path: str) -> int:
    """Send a request without a log-in, with a path that no client would send."""
    replies: list[Any] = []

    async def send(message: Any) -> None:
        replies.append(message)

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    scope = {"type": "http", "method": method, "path": path, "headers": []}
    asyncio.run(LogIn(application, PASSWORDS)(scope, receive, send))
    status: int = replies[0]["status"]
    return status


@given(st.text().map("/".__add__), st.sampled_from(["GET", "POST", "DELETE"]))
def test_whatever_the_path_nobody_is_let_through_without_a_log_in(path: str, method: str) -> None:
    assert status_of(method, path) == (200 if path == "/health" else 401)


def test_health_is_told_to_everybody() -> None:
    assert status_of("GET", "/health") == 200


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Basic",
        "Basic !",
        "Basic /w==",
        "Bearer " + basic("airflow", "a-word")["Authorization"].split()[1],
        basic("airflow", "")["Authorization"],
        basic("airflow", "a-wor")["Authorization"],
        basic("airflow", "wört:with colon")["Authorization"],
        basic("", "")["Authorization"],
        basic("nobody", "")["Authorization"],
    ],
)
def test_a_header_that_names_nobody_with_their_password_is_refused(header: str) -> None:
    reply = client.get("/", headers={"Authorization": header.encode("latin-1", "replace")})
    assert reply.status_code == 401
    assert reply.headers["www-authenticate"].startswith("Basic ")


def test_who_looks_reads_and_searches_and_writes_nothing() -> None:
    auditor = basic("auditor", PASSWORDS["auditor"])
    for path in ("/", "/api/2.0/mlflow/runs/get", *SEARCHES):
        assert client.get(path, headers=auditor).status_code == 200
    for path in SEARCHES:
        assert client.post(path, headers=auditor).status_code == 200
    for method in ("PUT", "PATCH", "DELETE"):
        assert client.request(method, "/api/2.0/mlflow/runs/search", headers=auditor).is_error
    for path in ("/api/2.0/mlflow/runs/log-batch", "/x/api/2.0/mlflow/runs/search", "/gateway/m"):
        assert client.post(path, headers=auditor).status_code == 403


def test_airflow_does_everything() -> None:
    airflow = basic("airflow", PASSWORDS["airflow"])
    assert client.post("/api/2.0/mlflow/runs/log-batch", headers=airflow).text == "yes"


def test_a_name_without_a_password_signs_nobody_in() -> None:
    unset = TestClient(LogIn(application, {"airflow": ""}))
    assert unset.get("/", headers=basic("airflow", "")).status_code == 401


def test_no_web_socket_is_opened() -> None:
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/"):
        pass


def test_settings_have_the_names_that_mlflow_reads(tmp_path: Any) -> None:
    from mlflow.environment_variables import _MLFLOW_SGI_NAME
    from mlflow.server import constants

    assert settings(tmp_path).keys() == {
        constants.BACKEND_STORE_URI_ENV_VAR,
        constants.ARTIFACT_ROOT_ENV_VAR,
        constants.SERVE_ARTIFACTS_ENV_VAR,
        constants.ARTIFACTS_DESTINATION_ENV_VAR,
        _MLFLOW_SGI_NAME.name,
    }
