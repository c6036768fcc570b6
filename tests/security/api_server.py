"""Airflow's API server as the stack starts it, with its DAGs and without a scheduler.

`python -m tests.security.api_server PORT ROUTES` is the server; it first writes every route that it
serves, those of mounted applications too, to a file. What tests send to it is answered by Airflow.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.client import HTTPMessage
from pathlib import Path
from typing import IO, Any

import pytest

from causeway.topology.accounts import load_topology
from stack import layout, settings
from stack.airflow_api import Airflow
from stack.processes import free_port
from tests import databases, leftovers

SECONDS = 240.0


class _Stay(urllib.request.HTTPRedirectHandler):
    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: HTTPMessage,
        newurl: str,
    ) -> None:
        """A redirection is an answer like any other."""


@dataclass
class ApiServer:
    """A running server, its log-ins, and what it keeps."""

    url: str
    users: dict[str, dict[str, str]]
    home: Path
    routes: list[tuple[str, str]]
    of_a_worker: dict[str, str]
    _tokens: dict[str, str] = field(default_factory=dict)

    def person(self, name: str) -> Airflow:
        """Sign in as somebody."""
        return Airflow(self.url, name, self.users[name]["password"])

    def ask(self, person: str | None, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Send a request as somebody, or as nobody; return status and document."""
        headers = {"Content-Type": "application/json"}
        if person:
            headers["Authorization"] = f"Bearer {self._token(person)}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + path, data, headers, method=method)
        try:
            with urllib.request.build_opener(_Stay).open(request, timeout=60) as reply:
                return reply.status, _document(reply.read())
        except urllib.error.HTTPError as error:
            return error.code, _document(error.read())

    def ask_with(self, token: str, path: str) -> int:
        """Send a request with a token; return the status."""
        request = urllib.request.Request(
            self.url + path, headers={"Authorization": f"Bearer {token}"}
        )
        try:
            with urllib.request.build_opener(_Stay).open(request, timeout=60) as reply:
                return int(reply.status)
        except urllib.error.HTTPError as error:
            return error.code

    def _token(self, person: str) -> str:
        if person not in self._tokens:
            words = {"username": person, "password": self.users[person]["password"]}
            self._tokens[person] = self.ask(None, "POST", "/auth/token", words)[1]["access_token"]
        return self._tokens[person]


def _document(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content


@contextlib.contextmanager
def api_server(folder: Path) -> Iterator[ApiServer]:
    """Start a server in a folder of its own; it ends with the context."""
    routes, log = folder / "routes.json", folder / "api-server.log"
    with pytest.MonkeyPatch.context() as patch:
        for name in ("STATE", "AIRFLOW_HOME", "MLFLOW_HOME", "AWS_HOME", "INBOX"):
            patch.setattr(layout, name, folder / name.lower())
        topology = load_topology(layout.TOPOLOGY)
        users, keys, port = settings.log_ins(topology), settings.new_keys(), free_port(18080)
        settings.write_passwords(users, keys)
        databases.airflow_database(layout.AIRFLOW_HOME / "airflow.db")
        environment = settings.airflow(topology, "http://127.0.0.1:9", "", port, users, keys)
        environment["PYTHONPATH"] += f":{layout.ROOT}"
        home = layout.AIRFLOW_HOME
    with log.open("w") as output:
        reserialize = [sys.executable, "-m", "airflow", "dags", "reserialize"]
        subprocess.run(reserialize, env=environment, stdout=output, stderr=output, check=True)
        server = subprocess.Popen(
            [sys.executable, "-m", __name__, str(port), str(routes)],
            env=environment | settings.api_server(topology),
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        leftovers.note_process("api-server", server.pid)
        running = ApiServer(f"http://127.0.0.1:{port}", users, home, [], environment)
        until = time.monotonic() + SECONDS
        while not _answers(running.url):
            assert server.poll() is None and time.monotonic() < until, log.read_text()
            time.sleep(0.2)
        running.routes = [(method, path) for method, path in json.loads(routes.read_text())]
        yield running
    finally:
        server.terminate()
        server.wait(30)


def _answers(url: str) -> bool:
    try:
        urllib.request.urlopen(f"{url}/api/v2/version", timeout=5).close()
    except OSError:
        return False
    return True


def _routes(application: Any, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield method and path of every route; a mounted application has its own below its path."""
    for route in application.routes:
        methods, below = getattr(route, "methods", None), getattr(route, "app", None)
        if not methods and below is not None:
            below = getattr(below, "application", below)  # the plugin's is made when it is needed
            yield from _routes(below, prefix + route.path) if hasattr(below, "routes") else ()
        for method in methods or ():
            yield method, prefix + route.path


def main(port: str, path: str) -> None:
    """Write the routes, and serve."""
    import uvicorn
    from airflow.api_fastapi.app import cached_app
    from airflow.api_fastapi.execution_api.routes import execution_api_router

    application = cached_app(apps="all")
    routes = {*_routes(application), *_routes(execution_api_router, "/execution")}
    Path(path).write_text(json.dumps(sorted(routes)))
    uvicorn.run(application, host="127.0.0.1", port=int(port), log_level="warning")


if __name__ == "__main__":
    main(*sys.argv[1:])
