"""Tells whether a service of docker-compose.yaml is well: `python -m stack.health NAME`.

Its health checks run every few seconds, so nothing but the standard library is imported.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from typing import Any

SECONDS = 5.0
#: What Airflow calls its components where it tells how they are.
COMPONENTS = {
    "scheduler": "scheduler",
    "dag-processor": "dag_processor",
    "triggerer": "triggerer",
}


def problem(name: str, api: str) -> str | None:
    """Return what is wrong with a service, None when it is well.

    `api` is the URL of Airflow's API server, which knows the last heartbeat of each component. A
    component that has not started yet has no status.
    """
    if name == "mlflow":
        _get("http://127.0.0.1:5000/health")
        return None
    if name == "api-server":
        # The API that tasks speak to builds its versions at the first call, for longer than a task
        # waits for an answer (airflow 3.3.2): a server is well when it has done so.
        _get("http://127.0.0.1:8080/execution/health")
        return _unhealthy("metadatabase", "http://127.0.0.1:8080")
    if name in COMPONENTS:
        return _unhealthy(COMPONENTS[name], api)
    return f"no service {name!r}"


def statuses(api: str) -> dict[str, str | None]:
    """Return what Airflow says of its database and its components, by its own names of them."""
    answer: dict[str, dict[str, Any]] = json.loads(_get(f"{api}/api/v2/monitor/health"))
    return {name: part.get("status") for name, part in answer.items()}


def answers(url: str) -> bool:
    """Tell whether a server answers, be it with a refusal."""
    try:
        _get(url)
    except urllib.error.HTTPError as error:
        return error.code < 500
    except OSError:
        return False
    return True


def _unhealthy(component: str, api: str) -> str | None:
    status = statuses(api).get(component)
    return None if status == "healthy" else f"{component}: {status}"


def _get(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=SECONDS) as reply:  # noqa: S310 - our own http URL
        content: bytes = reply.read()
        return content


def main(name: str) -> int:
    """Print what is wrong; exit code 1 when something is."""
    api = os.environ.get("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", "").removesuffix("/execution/")
    try:
        wrong = problem(name, api)
    except (OSError, ValueError) as error:
        wrong = f"{name}: {error}"
    if wrong:
        print(wrong)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else ""))
