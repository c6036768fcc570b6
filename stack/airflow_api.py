"""A small client of Airflow's REST API: trigger and follow runs, read why a task failed."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from stack.processes import StackError

FINISHED = frozenset({"success", "failed"})
TRIES = 4
TASK_FAILED = frozenset({"failed", "upstream_failed"})


@dataclass(frozen=True)
class Run:
    """A DAG run: its id, state, and when it started and ended."""

    dag_id: str
    run_id: str
    state: str
    start: datetime | None
    end: datetime | None
    conf: dict[str, Any]

    @property
    def seconds(self) -> float:
        """How long it has run, from its own clock; 0 when it has not ended."""
        return (self.end - self.start).total_seconds() if self.start and self.end else 0.0


class Airflow:
    """The REST API as one signed-in person."""

    def __init__(self, url: str, user: str, password: str) -> None:
        self.url = url
        reply = self._send("POST", "/auth/token", {"username": user, "password": password}, "")
        self._token = str(reply["access_token"])

    def trigger(self, dag_id: str, conf: dict[str, Any] | None = None) -> Run:
        """Start a run of a DAG by hand.

        The run's id is ours. After an error of the server (SQLite is locked for a moment when
        everything starts at once) the next attempt finds the run instead of starting another.
        """
        run_id = f"manual__{datetime.now(UTC).isoformat()}"
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf or {}}
        for attempt in range(TRIES):
            try:
                return _run(self._call("POST", f"/dags/{dag_id}/dagRuns", body))
            except urllib.error.HTTPError as error:
                existing = self.run(dag_id, run_id) if error.code in (409, 500, 503) else None
                if existing is not None:
                    return existing
                if error.code not in (500, 503) or attempt == TRIES - 1:
                    raise
            time.sleep(1 + attempt)
        raise StackError(f"{dag_id} could not be started")

    def wait_until_parsed(self, dag_ids: set[str], seconds: float) -> None:
        """Return when every DAG is there; StackError with the import errors when not."""
        until = time.monotonic() + seconds
        while True:
            parsed = {dag["dag_id"] for dag in self._call("GET", "/dags?limit=200")["dags"]}
            if dag_ids <= parsed:
                return
            errors = self._call("GET", "/importErrors")["import_errors"]
            if errors:
                texts = [f"{e['filename']}\n{e['stack_trace']}" for e in errors]
                raise StackError("a DAG file cannot be imported\n" + "\n".join(texts))
            if time.monotonic() > until:
                raise StackError(f"DAGs not parsed: {', '.join(sorted(dag_ids - parsed))}")
            time.sleep(0.3)

    def run(self, dag_id: str, run_id: str) -> Run | None:
        """Return one run, None when there is none of that id."""
        try:
            return _run(self._call("GET", f"/dags/{dag_id}/dagRuns/{urllib.parse.quote(run_id)}"))
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise

    def runs(self, dag_id: str) -> list[Run]:
        """Return the newest runs of a DAG, the newest first."""
        reply = self._call("GET", f"/dags/{dag_id}/dagRuns?order_by=-run_after&limit=50")
        return [_run(entry) for entry in reply["dag_runs"]]

    def tasks(self, run: Run) -> list[dict[str, Any]]:
        """Return the task instances of a run: `task_id`, `map_index`, `state`, dates."""
        path = f"/dags/{run.dag_id}/dagRuns/{urllib.parse.quote(run.run_id)}/taskInstances"
        tasks: list[dict[str, Any]] = self._call("GET", f"{path}?limit=200")["task_instances"]
        return tasks

    def task_definitions(self, dag_id: str) -> list[dict[str, Any]]:
        """Return the tasks of a DAG: `task_id`, `downstream_task_ids`."""
        tasks: list[dict[str, Any]] = self._call("GET", f"/dags/{dag_id}/tasks")["tasks"]
        return tasks

    def links(self, run: Run, task_id: str, map_index: int = -1) -> dict[str, str | None]:
        """Return the buttons of a task instance: their names and URLs."""
        path = f"/dags/{run.dag_id}/dagRuns/{urllib.parse.quote(run.run_id)}/taskInstances"
        reply = self._call("GET", f"{path}/{task_id}/links?map_index={map_index}")
        links: dict[str, str | None] = reply["extra_links"]
        return links

    def xcom(self, run: Run, task_id: str, key: str = "return_value") -> Any:
        """Return what a task of a run has returned, None when it has returned nothing."""
        run_id = urllib.parse.quote(run.run_id)
        path = f"/dags/{run.dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}"
        try:
            value = self._call("GET", path + "?deserialize=false")["value"]
        except urllib.error.HTTPError as error:
            if error.code == 404:
                return None
            raise
        try:
            return json.loads(value) if isinstance(value, str) else value
        except ValueError:
            return value

    def failure(self, run: Run, lines: int = 12) -> str:
        """Return which task of a run failed, why, and the last lines of its log before that."""
        for task in self.tasks(run):
            if task["state"] == "failed":
                name = f"{run.dag_id} / {task['task_id']}"
                if task["map_index"] >= 0:
                    name += f"[{task['map_index']}]"
                return "\n".join([f"task {name} failed", *self._log(run, task)[-lines:]])
        return f"{run.dag_id} ({run.run_id}) failed without a failed task"

    def _log(self, run: Run, task: dict[str, Any]) -> list[str]:
        path = (
            f"/dags/{run.dag_id}/dagRuns/{urllib.parse.quote(run.run_id)}/taskInstances/"
            f"{task['task_id']}/logs/{task['try_number']}?map_index={task['map_index']}"
        )
        text: list[str] = []
        for entry in self._call("GET", path).get("content", []):
            if not isinstance(entry, dict):
                text += str(entry).splitlines()
                continue
            text.append(str(entry.get("event", "")))
            # The first is the error itself, the others are its causes.
            for detail in (entry.get("error_detail") or [])[:1]:
                text.append(f"{detail.get('exc_type')}: {detail.get('exc_value')}")
        return [line for line in text if line.strip() and not line.startswith("::")]

    def get(self, path: str) -> dict[str, Any]:
        """Return what a route outside of Airflow's own API answers, such as the plugin's."""
        return self._send("GET", path, None, self._token)

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        return self._send(method, f"/api/v2{path}", body, self._token)

    def _send(
        self, method: str, path: str, body: dict[str, Any] | None, token: str
    ) -> dict[str, Any]:
        request = urllib.request.Request(  # noqa: S310 - our own http URL
            self.url + path,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"Content-Type": "application/json", "Accept": "application/json"},
        )
        if token:
            request.add_header("Authorization", f"Bearer {token}")
        with urllib.request.urlopen(request, timeout=30) as reply:  # noqa: S310
            document: dict[str, Any] = json.load(reply)
        return document


def _run(entry: dict[str, Any]) -> Run:
    return Run(
        entry["dag_id"],
        entry["dag_run_id"],
        entry["state"],
        _date(entry["start_date"]),
        _date(entry["end_date"]),
        entry.get("conf") or {},
    )


def _date(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
