"""AWS in memory, as the hooks of governance and deployment call it; a call may be the last one.

The hooks are the product's own. Below their methods stand dictionaries instead of clients.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from causeway.governance.audit import Head
from causeway.governance.audit_heads import LockedHead
from causeway.items import Key, Update
from causeway.reporting.alerts import Alert
from causeway.topology.account_roles import AccountRole
from causeway_airflow.hooks.alerts import AlertsHook
from causeway_airflow.hooks.artifacts import ArtifactsHook, Fetched
from causeway_airflow.hooks.audit_heads import AuditHeadsHook
from causeway_airflow.hooks.audit_log import HISTORY, AuditLogHook
from causeway_airflow.hooks.base import AwsCallError
from causeway_airflow.hooks.endpoints import EndpointRuntimeHook, EndpointsHook
from causeway_airflow.hooks.jobs import JobsHook
from causeway_airflow.hooks.registry import RegistryHook
from causeway_airflow.hooks.stage_table import StageTableHook
from tests.accounts import ACCOUNTS
from tests.properties.items import Items

SHARED: Final = ACCOUNTS["shared_services"]
CALL_SECONDS: Final = 0.3


class Killed(BaseException):
    """The worker that ran the task is gone."""


@dataclass
class Endpoint:
    """An endpoint: what it serves (None while it is made), and what it is brought to."""

    status: str
    config: str
    to: str | None = None


@dataclass
class Account:
    """What a serving account has."""

    models: dict[str, dict[str, Any]] = field(default_factory=dict)
    configs: dict[str, dict[str, Any]] = field(default_factory=dict)
    endpoints: dict[str, Endpoint] = field(default_factory=dict)

    def settle(self, name: str, *, succeeds: bool = True) -> None:
        """Have a change of an endpoint end."""
        endpoint = self.endpoints.get(name)
        if endpoint is None:
            return
        if endpoint.status == "Deleting":
            del self.endpoints[name]
        elif endpoint.status == "Creating":
            endpoint.status = "InService" if succeeds else "Failed"
        elif endpoint.status == "Updating":
            endpoint.config = str(endpoint.to) if succeeds else endpoint.config
            endpoint.status, endpoint.to = "InService", None


class Cloud:
    """The accounts; `shift` moves the clock that the process sees."""

    def __init__(self, shift: Callable[[timedelta], None]) -> None:
        self.shift = shift
        self.table = Items()
        self.packages: dict[str, dict[str, Any]] = {}
        self.objects: dict[str, Fetched] = {}
        self.texts: dict[str, bytes] = {}
        self.jobs: dict[str, dict[str, Any]] = {}
        self.tags: dict[tuple[str, str], Mapping[str, str]] = {}
        self.events: list[tuple[datetime, dict[str, Any]]] = []
        self.trail_delay = timedelta(0)
        self.accounts = {AccountRole.TEST: Account(), AccountRole.PROD: Account()}
        self.alerts: list[Alert] = []
        self.locked_heads: list[LockedHead] = []
        #: After how many calls the worker dies, and what happens beside it after how many.
        self.kill_after: int | None = None
        self.meanwhile: tuple[int, Callable[[], None]] | None = None
        #: Told before an endpoint is brought to a config, and after a transaction.
        self.brought: Callable[[AccountRole, str], None] = lambda role, config: None
        self.written: Callable[[Sequence[Update]], None] = lambda updates: None
        self._thread = threading.get_ident()

    def step(self) -> None:
        """Pass the time of a call. The sync's reads of states come from other threads, at once."""
        if threading.get_ident() != self._thread:
            return
        self.shift(timedelta(seconds=CALL_SECONDS))
        if self.meanwhile is not None:
            calls, action = self.meanwhile
            self.meanwhile = (calls - 1, action) if calls else None
            if not calls:
                action()
        if self.kill_after is not None:
            self.kill_after -= 1
            if self.kill_after < 0:
                self.kill_after = None
                raise Killed

    def update_package(self, request: Mapping[str, Any], duty: str, identity: str | None) -> None:
        """Have somebody change a version; CloudTrail knows it after its delay."""
        self.shift(timedelta(seconds=CALL_SECONDS))
        now, arn = datetime.now(UTC), request["ModelPackageArn"]
        package = dict(self.packages[arn])
        metadata = {
            **package["CustomerMetadataProperties"],
            **request.get("CustomerMetadataProperties", {}),
        }
        for key in request.get("CustomerMetadataPropertiesToRemove", ()):
            metadata.pop(key, None)
        session = f"arn:aws:sts::{SHARED}:assumed-role/causeway-{duty}/{identity or 'run'}"
        package |= {k: v for k, v in request.items() if not k.startswith("CustomerMetadata")}
        package |= {
            "CustomerMetadataProperties": metadata,
            "LastModifiedTime": now,
            "LastModifiedBy": {"IamIdentity": {"Arn": session, "SourceIdentity": identity}},
        }
        self.packages[arn] = package
        issuer = {"arn": f"arn:aws:iam::{SHARED}:role/causeway-{duty}"}
        event = {
            "eventName": "UpdateModelPackage",
            "eventID": f"event-{len(self.events)}",
            "eventTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "requestParameters": {name[0].lower() + name[1:]: v for name, v in request.items()},
            "userIdentity": {
                "arn": session,
                "sessionContext": {
                    "sessionIssuer": issuer,
                    **({"sourceIdentity": identity} if identity else {}),
                },
            },
        }
        self.events.append((now + self.trail_delay, event))

    def known_events(self) -> list[dict[str, Any]]:
        """Return what CloudTrail knows of the last 90 days, the newest first."""
        now = datetime.now(UTC)
        return [
            event
            for at, event in reversed(self.events)
            if at <= now and time_of(event) > now - HISTORY
        ]


def time_of(event: Mapping[str, Any]) -> datetime:
    """Return when an event happened."""
    return datetime.fromisoformat(event["eventTime"])


def _invalid(text: str) -> AwsCallError:
    return AwsCallError(text, code="ValidationException", text=text)


class Table(StageTableHook):
    def __init__(self, cloud: Cloud, role: AccountRole, duty: str) -> None:
        self.cloud, self.duty = cloud, duty

    principal = writer = "table"  # type: ignore[assignment]

    def get(self, key: Key) -> dict[str, Any] | None:
        self.cloud.step()
        return self.cloud.table.get(self.duty, key)

    def get_many(self, keys: Iterable[Key]) -> dict[Key, dict[str, Any]]:
        self.cloud.step()
        items = {key: self.cloud.table.get(self.duty, key) for key in keys}
        return {key: item for key, item in items.items() if item}

    def query(self, pk: str) -> list[dict[str, Any]]:
        self.cloud.step()
        return self.cloud.table.query(self.duty, pk)

    def apply(self, update: Update) -> dict[str, Any] | None:
        self.cloud.step()
        stored = self.cloud.table.apply(self.duty, update)
        if stored is not None:
            self.cloud.written([update])
        return stored

    def transact(self, updates: Sequence[Update], token: str | None = None) -> frozenset[int]:
        self.cloud.step()
        refused = self.cloud.table.transact(self.duty, updates)
        if not refused:
            self.cloud.written(updates)
        return refused


class Heads(AuditHeadsHook):
    def __init__(self, cloud: Cloud, role: AccountRole, duty: str) -> None:
        self.cloud = cloud

    def lock(self, chain: str, head: Head) -> None:
        self.cloud.step()
        self.cloud.locked_heads.append(LockedHead(chain, head))


class Registry(RegistryHook):
    def __init__(self, cloud: Cloud, role: AccountRole, duty: str) -> None:
        self.cloud, self.duty = cloud, duty

    principal = "registry"  # type: ignore[assignment]

    def search(self, group: str) -> list[dict[str, Any]]:
        self.cloud.step()
        return list(self.cloud.packages.values()) if group == "credit-risk" else []

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        self.cloud.step()
        if operation == "describe_model_package":
            return self.cloud.packages[params["ModelPackageName"]]
        assert operation == "update_model_package"
        self.cloud.update_package(params, self.duty, None)
        return {}


class Endpoints(EndpointsHook):
    def __init__(self, cloud: Cloud, role: AccountRole, duty: str) -> None:
        self.cloud, self.role, self.account = cloud, role, cloud.accounts[role]

    principal = "endpoints"  # type: ignore[assignment]

    def pages(self, operation: str, key: str, **params: Any) -> list[Any]:
        self.cloud.step()
        config = params["ResourceArn"].rsplit("/", 1)[1]
        return list(self.account.configs[config]["Tags"])

    def call(self, operation: str, **params: Any) -> dict[str, Any]:
        self.cloud.step()
        reply: dict[str, Any] = getattr(self, f"_{operation}")(params)
        return reply

    def _describe_endpoint(self, params: Mapping[str, Any]) -> dict[str, Any]:
        endpoint = self._endpoint(params)
        return {"EndpointStatus": endpoint.status, "EndpointConfigName": endpoint.config}

    def _describe_model(self, params: Mapping[str, Any]) -> dict[str, Any]:
        if params["ModelName"] not in self.account.models:
            raise _invalid("Could not find model")
        return self.account.models[params["ModelName"]]

    def _describe_endpoint_config(self, params: Mapping[str, Any]) -> dict[str, Any]:
        name = params["EndpointConfigName"]
        if name not in self.account.configs:
            raise _invalid("Could not find endpoint configuration")
        return {**self.account.configs[name], "EndpointConfigArn": f"arn:endpoint-config/{name}"}

    def _create_model(self, params: Mapping[str, Any]) -> dict[str, Any]:
        arn = params["Containers"][0]["ModelPackageName"]
        if self.cloud.packages[arn]["ModelApprovalStatus"] != "Approved":
            raise _invalid(f"Cannot create Model from {arn}: it is not approved")
        self.account.models[params["ModelName"]] = dict(params)
        return {}

    def _create_endpoint_config(self, params: Mapping[str, Any]) -> dict[str, Any]:
        self.account.configs[params["EndpointConfigName"]] = dict(params)
        return {}

    def _create_endpoint(self, params: Mapping[str, Any]) -> dict[str, Any]:
        name, config = params["EndpointName"], params["EndpointConfigName"]
        if name in self.account.endpoints:
            raise _invalid("Cannot create already existing endpoint")
        self.cloud.brought(self.role, config)
        self.account.endpoints[name] = Endpoint("Creating", config)
        return {}

    def _update_endpoint(self, params: Mapping[str, Any]) -> dict[str, Any]:
        endpoint, config = self._endpoint(params), params["EndpointConfigName"]
        if endpoint.status != "InService":
            raise _invalid(f"Cannot update in-progress endpoint in status {endpoint.status}")
        self.cloud.brought(self.role, config)
        endpoint.status, endpoint.to = "Updating", config
        return {}

    def _delete_endpoint(self, params: Mapping[str, Any]) -> dict[str, Any]:
        endpoint = self._endpoint(params)
        if endpoint.status not in ("InService", "Failed"):
            raise _invalid(f"Cannot update in-progress endpoint in status {endpoint.status}")
        endpoint.status = "Deleting"
        return {}

    def _endpoint(self, params: Mapping[str, Any]) -> Endpoint:
        endpoint = self.account.endpoints.get(params["EndpointName"])
        if endpoint is None:
            raise _invalid("Could not find endpoint")
        return endpoint


class Runtime(EndpointRuntimeHook):
    def __init__(self, cloud: Cloud, role: AccountRole, duty: str) -> None:
        self.cloud, self.account = cloud, cloud.accounts[role]

    principal = "runtime"  # type: ignore[assignment]

    def predict(
        self, endpoint: str, header: str, rows: Sequence[str], *, batch: int = 100
    ) -> list[list[float]]:
        """Answer by the second column; a wrong version shows in the artifact that answered."""
        self.cloud.step()
        return [[0.9] if row.split(",")[1] == "1" else [0.1] for row in rows]


class Jobs(JobsHook):
    """Jobs that are done at once; the only ones here measure what an endpoint answered."""

    def __init__(self, cloud: Cloud, role: AccountRole, duty: str) -> None:
        self.cloud = cloud

    principal = "jobs"  # type: ignore[assignment]

    def describe(self, kind: Any, name: str) -> dict[str, Any] | None:
        self.cloud.step()
        return self.cloud.jobs.get(name)

    def call(self, operation: str, **request: Any) -> dict[str, Any]:
        self.cloud.step()
        inputs = {each["InputName"]: each["S3Input"] for each in request["ProcessingInputs"]}
        asked = json.loads(self.cloud.texts[inputs["answers"]["S3Uri"]])
        pairs = zip(asked["labels"], asked["answers"], strict=True)
        right = sum((answer[0] >= 0.5) == (label == "1") for label, answer in pairs)
        measured = {"metrics": {"auc": right / len(asked["labels"])}, "rows": len(asked["labels"])}
        (output,) = request["ProcessingOutputConfig"]["Outputs"]
        uri = f"{output['S3Output']['S3Uri']}/evaluation.json"
        self.cloud.texts[uri] = json.dumps(measured).encode()
        done = {**request, "ProcessingJobStatus": "Completed"}
        self.cloud.jobs[request["ProcessingJobName"]] = done
        return {}


class Artifacts(ArtifactsHook):
    def __init__(self, cloud: Cloud, role: AccountRole, duty: str) -> None:
        self.cloud = cloud

    principal = "artifacts"  # type: ignore[assignment]

    def current(self, uri: str) -> Fetched:
        self.cloud.step()
        return self.cloud.objects[uri]

    def head(self, uri: str) -> dict[str, Any] | None:
        self.cloud.step()
        return {"VersionId": self.cloud.objects[uri].version_id}

    def read(self, uri: str) -> bytes:
        self.cloud.step()
        return self.cloud.texts[uri]

    def put(self, uri: str, content: Any, **about: Any) -> None:
        self.cloud.step()
        self.cloud.texts[uri] = content

    def tags(self, uri: str, version: str | None = None) -> dict[str, str]:
        self.cloud.step()
        return dict(self.cloud.tags.get((uri, str(version)), {}))

    def tag(self, uri: str, version: str, tags: Mapping[str, str]) -> None:
        self.cloud.step()
        self.cloud.tags[uri, version] = tags


class Trail(AuditLogHook):
    def __init__(self, cloud: Cloud, role: AccountRole, duty: str) -> None:
        self.cloud = cloud

    def calls(self, operation: str, since: datetime) -> list[str]:
        self.cloud.step()
        return [json.dumps(e) for e in self.cloud.known_events() if time_of(e) >= since]

    def event(self, event_id: str) -> str | None:
        self.cloud.step()
        events = self.cloud.known_events()
        return next((json.dumps(e) for e in events if e["eventID"] == event_id), None)


class Alerts(AlertsHook):
    def __init__(self, cloud: Cloud, role: AccountRole, duty: str) -> None:
        self.cloud = cloud

    def publish(self, alert: Alert) -> None:
        self.cloud.step()
        self.cloud.alerts.append(alert)


IN_MEMORY: Final[Mapping[type, Callable[..., Any]]] = {
    StageTableHook: Table,
    AuditHeadsHook: Heads,
    RegistryHook: Registry,
    EndpointsHook: Endpoints,
    EndpointRuntimeHook: Runtime,
    JobsHook: Jobs,
    ArtifactsHook: Artifacts,
    AuditLogHook: Trail,
    AlertsHook: Alerts,
}


class Acting:
    """The hooks of a task, which acts in an account and a duty unless it names others."""

    def __init__(self, cloud: Cloud, role: AccountRole, duty: str) -> None:
        self.cloud, self.role, self.duty = cloud, role, duty

    def __call__(self, kind: type, role: Any = None, duty: str | None = None) -> Any:
        return IN_MEMORY[kind](self.cloud, AccountRole(role or self.role), duty or self.duty)
