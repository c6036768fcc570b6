"""The MLflow server behind a log-in: `python -m stack.tracking_server --port N --home FOLDER …`.

MLflow itself asks nobody who they are. Here every request but `/health` carries a name and its
password (HTTP Basic, for which a browser shows a form). `airflow` may do everything; everybody
else looks: by GET, and by the POST requests with which MLflow's pages search.

It runs the application that `mlflow server` would run, with the same settings (mlflow 3.17.2). The
passwords are read from a file, so that no argument and no variable holds one.
"""

from __future__ import annotations

import argparse
import base64
import binascii
import hmac
import importlib
import json
import os
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from stack.processes import HOST

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

#: Who writes: Airflow's tasks.
WRITER: Final = "airflow"
OPEN: Final = "/health"
#: What MLflow's pages and clients ask by POST and what changes nothing.
SEARCHES: Final = frozenset(
    {
        "/graphql",
        *(
            f"/{api}/{version}/mlflow/{search}"
            for api in ("api", "ajax-api")
            for version, searches in {
                "2.0": (
                    "experiments/search",
                    "experiments/search-datasets",
                    "logged-models/search",
                    "registered-models/get-latest-versions",
                    "runs/search",
                ),
                "3.0": ("datasets/search", "issues/search", "traces/metrics", "traces/search"),
            }.items()
            for search in searches
        ),
    }
)


class LogIn:
    """Lets who signs in through to an application, and refuses everybody else."""

    def __init__(self, application: Application, passwords: Mapping[str, str]) -> None:
        self._application = application
        self._passwords = {name: word.encode() for name, word in passwords.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or answer it with 401 or 403."""
        kind = scope["type"]
        if kind == "lifespan":
            await self._application(scope, receive, send)
        elif kind != "http":
            await send({"type": "websocket.close", "code": 1008})
        elif refusal := self._refusal(scope):
            await _refuse(send, refusal)
        else:
            await self._application(scope, receive, send)

    def _refusal(self, scope: Scope) -> HTTPStatus | None:
        if scope["path"] == OPEN:
            return None
        name = self._name(dict(scope["headers"]).get(b"authorization", b""))
        if name is None:
            return HTTPStatus.UNAUTHORIZED
        return None if name == WRITER or _looks(scope) else HTTPStatus.FORBIDDEN

    def _name(self, header: bytes) -> str | None:
        """Return who signs in with a header; None when nobody does."""
        scheme, _, text = header.partition(b" ")
        try:
            name, _, password = base64.b64decode(text, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        expected = self._passwords.get(name)
        if scheme.lower() != b"basic" or not expected:
            return None
        return name if hmac.compare_digest(password.encode(), expected) else None


def _looks(scope: Scope) -> bool:
    method = scope["method"]
    return method in ("GET", "HEAD") or (method == "POST" and scope["path"] in SEARCHES)


async def _refuse(send: Send, status: HTTPStatus) -> None:
    body = f"{status.phrase}: {_SAID[status]}\n".encode()
    headers = [(b"content-type", b"text/plain"), (b"content-length", str(len(body)).encode())]
    if status is HTTPStatus.UNAUTHORIZED:
        headers.append((b"www-authenticate", b'Basic realm="MLflow", charset="UTF-8"'))
    await send({"type": "http.response.start", "status": int(status), "headers": headers})
    await send({"type": "http.response.body", "body": body})


_SAID: Final = {
    HTTPStatus.UNAUTHORIZED: "sign in with your log-in of the stack",
    HTTPStatus.FORBIDDEN: "only Airflow's tasks write here",
}


def settings(home: Path) -> dict[str, str]:
    """Return what `mlflow server` sets for its application: a database and artifacts in a folder.

    See `_run_server` in mlflow/server/__init__.py; a test compares the names with MLflow's own.
    """
    return {
        "_MLFLOW_SERVER_FILE_STORE": f"sqlite:///{home / 'mlflow.db'}",
        "_MLFLOW_SERVER_ARTIFACT_ROOT": "mlflow-artifacts:/",
        "_MLFLOW_SERVER_SERVE_ARTIFACTS": "true",
        "_MLFLOW_SERVER_ARTIFACT_DESTINATION": str(home / "artifacts"),
        "_MLFLOW_SGI_NAME": "uvicorn",
    }


def main() -> None:
    """Serve until a signal ends it."""
    parser = argparse.ArgumentParser(prog="stack.tracking_server", description=__doc__)
    parser.add_argument("--host", default=HOST)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--home", type=Path, required=True, help="its database and artifacts")
    parser.add_argument("--passwords", type=Path, required=True, help="JSON: name to password")
    options = parser.parse_args()
    passwords = json.loads(options.passwords.read_text())
    variables = settings(options.home)
    os.environ.update(variables)  # read when MLflow is imported
    server: Any = importlib.import_module("mlflow.server.fastapi_app")
    handlers: Any = importlib.import_module("mlflow.server.handlers")
    # Makes the tables before the first request, as `mlflow server` does.
    handlers.initialize_backend_stores(
        variables["_MLFLOW_SERVER_FILE_STORE"],
        default_artifact_root=variables["_MLFLOW_SERVER_ARTIFACT_ROOT"],
    )
    uvicorn: Any = importlib.import_module("uvicorn")
    application = LogIn(server.app, passwords)
    uvicorn.run(application, host=options.host, port=options.port, server_header=False)


if __name__ == "__main__":
    main()
