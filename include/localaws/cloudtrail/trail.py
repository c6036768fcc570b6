"""The record of calls, as CloudTrail keeps it: one event a call, for the caller and the owner.

Event history has management events only: calls that read or write data (objects, items, records,
messages, inferences) are not in it, as on AWS, where a trail has to ask for them. Source:
CloudTrail User Guide, "CloudTrail record contents" and "Viewing CloudTrail events".
"""

from __future__ import annotations

import json
import threading
import uuid
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from localaws.authorisation.asked import Asked
from localaws.credentials import Credentials
from localaws.service import Principal, ServiceError

if TYPE_CHECKING:
    from localaws.cloud import Cloud

LIMIT = 100_000  # events kept; the oldest go first
SOURCES = {
    "cloudwatch": "monitoring",
    "sagemaker-runtime": "sagemaker",
    "sagemaker-featurestore-runtime": "sagemaker",
    "sagemaker-metrics": "sagemaker",
}
DATA_SERVICES = {"sagemaker-runtime", "sagemaker-featurestore-runtime", "sagemaker-metrics"}
DATA_EVENTS = {
    "dynamodb": {
        "BatchExecuteStatement",
        "BatchGetItem",
        "BatchWriteItem",
        "DeleteItem",
        "ExecuteStatement",
        "ExecuteTransaction",
        "GetItem",
        "PutItem",
        "Query",
        "Scan",
        "TransactGetItems",
        "TransactWriteItems",
        "UpdateItem",
    },
    "sqs": {
        "ChangeMessageVisibility",
        "ChangeMessageVisibilityBatch",
        "DeleteMessage",
        "DeleteMessageBatch",
        "ReceiveMessage",
        "SendMessage",
        "SendMessageBatch",
    },
    "sns": {"Publish", "PublishBatch"},
    "cloudwatch": {"PutMetricData", "GetMetricData"},
    "logs": {"PutLogEvents"},
    "events": {"PutEvents"},
}
READS = ("Get", "List", "Describe", "Head", "Lookup", "Search", "BatchDescribe", "Query")
LONGEST = 200  # characters of a request parameter that are kept
SECRET = ("secret", "password", "token", "plaintext", "policy", "templatebody")


@dataclass(frozen=True)
class Event:
    """One call, allowed or not."""

    id: str
    time: datetime
    service: str
    name: str
    caller: Principal
    session: Credentials | None
    owner: str  # the account in which it was served
    region: str
    user_agent: str
    parameters: Mapping[str, Any]
    resources: tuple[str, ...]  # what the call names
    error: tuple[str, str] | None  # code and message

    @property
    def source(self) -> str:
        """The service, as `sagemaker.amazonaws.com`."""
        return f"{SOURCES.get(self.service, self.service)}.amazonaws.com"

    @property
    def username(self) -> str:
        """The user, or the session's name, which its caller chose."""
        who = self.caller
        if who.session_name:
            return who.session_name
        return "root" if who.kind == "administrator" else who.arn.rsplit("/", 1)[-1]

    @property
    def read_only(self) -> bool:
        """Whether the call cannot change anything."""
        return self.name.startswith(READS)

    @property
    def accounts(self) -> set[str]:
        """The accounts in whose history the event is."""
        return {self.caller.account, self.owner}

    def document(self, recipient: str) -> str:
        """Return the event as CloudTrail's JSON, for one of its accounts."""
        found: dict[str, Any] = {
            "eventVersion": "1.11",
            "userIdentity": identity_of(self.caller, self.session),
            "eventTime": self.time.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "eventSource": self.source,
            "eventName": self.name,
            "awsRegion": self.region,
            "sourceIPAddress": "127.0.0.1",
            "userAgent": self.user_agent,
        }
        if self.error:
            found["errorCode"], found["errorMessage"] = self.error
        found |= {
            "requestParameters": dict(self.parameters) or None,
            "responseElements": None,
            "eventID": self.id,
            "readOnly": self.read_only,
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": recipient,
            "eventCategory": "Management",
        }
        return json.dumps(found)


def identity_of(who: Principal, session: Credentials | None) -> dict[str, Any]:
    """Return `userIdentity`: the type, and of a session who issued it and its source identity."""
    found: dict[str, Any] = {
        "type": {"administrator": "Root", "user": "IAMUser"}.get(who.kind, "AssumedRole"),
        "principalId": who.user_id,
        "arn": who.arn,
        "accountId": who.account,
        "accessKeyId": who.access_key_id,
    }
    if who.kind == "user":
        found["userName"] = who.arn.rsplit("/", 1)[-1]
    if who.role_arn:
        context: dict[str, Any] = {
            "sessionIssuer": {
                "type": "Role",
                "principalId": who.user_id.split(":", 1)[0],
                "arn": who.role_arn,
                "accountId": who.account,
                "userName": who.role_arn.rsplit("/", 1)[-1],
            },
            "attributes": {"mfaAuthenticated": "false"},
        }
        if session is not None and session.issued is not None:
            context["attributes"]["creationDate"] = session.issued.strftime("%Y-%m-%dT%H:%M:%SZ")
        if who.source_identity:
            context["sourceIdentity"] = who.source_identity
        found["sessionContext"] = context
    if who.service:
        found["invokedBy"] = who.service
    return found


def shortened(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plain parameters of a call: names begin in lower case, long texts are cut."""
    found: dict[str, Any] = {}
    for name, value in params.items():
        key = name[:1].lower() + name[1:]
        if any(word in name.lower() for word in SECRET):
            found[key] = "HIDDEN_DUE_TO_SECURITY_REASONS"
        elif isinstance(value, str):
            found[key] = value[:LONGEST]
        elif isinstance(value, bool | int | float):
            found[key] = value
        elif isinstance(value, dict) and all(isinstance(v, str) for v in value.values()):
            found[key] = {k: v[:LONGEST] for k, v in value.items()}
    return found


def named_in(params: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names and ARNs in a call's parameters, for looking events up by them."""
    return tuple(
        str(value)
        for key, value in params.items()
        if isinstance(value, str) and key.lower().endswith(("name", "arn", "bucket", "keyid"))
    )


class Trail:
    """The events of all accounts, the newest last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._events: deque[Event] = deque(maxlen=LIMIT)

    @classmethod
    def of(cls, cloud: Cloud) -> Trail:
        """Return the one trail of the local AWS."""
        return cloud.store(cls, "aws", "aws-global")

    def record(self, asked: Asked, error: ServiceError | None) -> None:
        """Keep a call and how it ended, unless it is one on data."""
        if asked.service in DATA_SERVICES or asked.operation in DATA_EVENTS.get(asked.service, ()):
            return
        if asked.service == "s3" and asked.params.get("Key") is not None:
            return
        event = Event(
            id=str(uuid.uuid4()),
            time=asked.cloud.clock.now(),
            service=asked.service,
            name=asked.operation,
            caller=asked.caller,
            session=asked.cloud.credentials.find(asked.caller.access_key_id),
            owner=asked.account,
            region=asked.region,
            user_agent=asked.headers.get("user-agent", ""),
            parameters=shortened(asked.params),
            resources=named_in(asked.params),
            error=(error.code, error.message) if error else None,
        )
        with self._lock:
            self._events.append(event)

    def of_account(self, account: str) -> list[Event]:
        """Return an account's events, the newest first."""
        with self._lock:
            return [event for event in reversed(self._events) if account in event.accounts]
