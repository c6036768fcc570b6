"""People who are signed in to the running Airflow, and what they do there as a browser would."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

from tests.e2e.conftest import Stack

SECONDS = 180.0


@dataclass(frozen=True)
class SignedIn:
    """A person with a session of Airflow."""

    stack: Stack
    name: str

    def ask(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        """Send a request; return status and document, or text."""
        airflow = self.stack.local["airflow"]
        words = {"username": self.name, "password": airflow["users"][self.name]["password"]}
        token = _send(airflow["url"] + "/auth/token", "POST", words, {})[1]["access_token"]
        own = {"Cookie": f"_token={token}", **headers}
        return _send(airflow["url"] + path, method, body, own)

    def request(self, run_id: str, stage: str) -> dict[str, Any]:
        """Return the request that waits in Required Actions, once it does."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            status, detail = self.ask("GET", required_action(run_id, stage))
            if status == 200 and not detail["response_received"]:
                request: dict[str, Any] = detail
                return request
            time.sleep(0.5)
        raise AssertionError(f"nothing waits for {stage} in {run_id}: {status} {detail}")

    def answer(self, run_id: str, stage: str, option: str, reason: str) -> tuple[int, Any]:
        """Answer in Required Actions."""
        answer = {"chosen_options": [option], "params_input": {"reason": reason}}
        return self.ask("PATCH", required_action(run_id, stage), answer)

    def say(self, version: int, stage: str, verdict: str, reason: str) -> tuple[int, Any]:
        """Press a button on the page of a version."""
        word = {"target": stage, "verdict": verdict, "reason": reason}
        return self.ask("POST", f"{_page(version)}/words", word, **{"X-Causeway": "word"})

    def page(self, version: int) -> str:
        """Return the page of a version."""
        return str(self.ask("GET", _page(version))[1])


def _page(version: int) -> str:
    return f"/causeway/governance/models/credit_risk/versions/{version}"


def required_action(run_id: str, stage: str) -> str:
    """Return the route of the request for a decision."""
    run = f"/api/v2/dags/credit_risk__promotion/dagRuns/{run_id}"
    return f"{run}/taskInstances/approval_for_{stage}/-1/hitlDetails"


def _send(url: str, method: str, body: Any, headers: dict[str, str]) -> tuple[int, Any]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(
        url, data, {"Content-Type": "application/json", **headers}, method=method
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return reply.status, _document(reply.read())
    except urllib.error.HTTPError as error:
        return error.code, _document(error.read())


def _document(content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError:
        return content.decode()
