"""One recorded call, in CloudTrail's format.

Source: CloudTrail User Guide, "CloudTrail record contents".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from localaws.cloudtrail.data_events import Data
from localaws.identity.credentials import Credentials
from localaws.kit.arns import parse_arn
from localaws.kit.service import Principal

SOURCES = {
    "cloudwatch": "monitoring",
    "sagemaker-runtime": "sagemaker",
    "sagemaker-featurestore-runtime": "sagemaker",
    "sagemaker-metrics": "sagemaker",
}
READS = (
    *("Get", "List", "Describe", "Head", "Lookup", "Search", "Query", "Scan"),
    *("BatchDescribe", "BatchGet", "TransactGet"),
)
LONGEST = 200  # characters of a request parameter that are recorded
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
    resources: tuple[str, ...]  # names and ARNs in the call
    error: tuple[str, str] | None  # code and message
    data: Data | None = None  # None for a management event

    @property
    def source(self) -> str:
        """The service, for example `sagemaker.amazonaws.com`."""
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
        """The accounts whose history and trails have the event."""
        owners = {parse_arn(arn).account for arn in self.data.arns} if self.data else set()
        return {self.caller.account, self.owner, *owners} - {""}

    @property
    def category(self) -> str:
        """`Management` or `Data`."""
        return "Data" if self.data else "Management"

    def document(self, recipient: str) -> dict[str, Any]:
        """Return the event as CloudTrail's JSON object, for one of its accounts."""
        document: dict[str, Any] = {
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
            document["errorCode"], document["errorMessage"] = self.error
        document |= {
            "requestParameters": dict(self.parameters) or None,
            "responseElements": None,
            "eventID": self.id,
            "readOnly": self.read_only,
            "eventType": "AwsApiCall",
            "managementEvent": self.data is None,
            "recipientAccountId": recipient,
            "eventCategory": self.category,
        }
        if self.data:
            document["resources"] = [
                {
                    "accountId": parse_arn(arn).account or self.owner,
                    "type": self.data.resource_type,
                    "ARN": arn,
                }
                for arn in self.data.arns
            ]
        return document


def identity_of(who: Principal, session: Credentials | None) -> dict[str, Any]:
    """Return `userIdentity`: the type, and for a session its issuer and source identity."""
    identity: dict[str, Any] = {
        "type": {"administrator": "Root", "user": "IAMUser"}.get(who.kind, "AssumedRole"),
        "principalId": who.user_id,
        "arn": who.arn,
        "accountId": who.account,
        "accessKeyId": who.access_key_id,
    }
    if who.kind == "user":
        identity["userName"] = who.arn.rsplit("/", 1)[-1]
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
        identity["sessionContext"] = context
    if who.service:
        identity["invokedBy"] = who.service
    return identity


def shortened(params: Mapping[str, Any]) -> dict[str, Any]:
    """Return the plain parameters of a call and its tags, as CloudTrail writes them.

    Names begin with a small letter, those of a tag as well; long values are cut, but no tag's.
    """
    short: dict[str, Any] = {}
    for name, value in params.items():
        key = name[:1].lower() + name[1:]
        if any(word in name.lower() for word in SECRET):
            short[key] = "HIDDEN_DUE_TO_SECURITY_REASONS"
        elif isinstance(value, str):
            short[key] = value[:LONGEST]
        elif isinstance(value, bool | int | float):
            short[key] = value
        elif isinstance(value, dict) and all(isinstance(v, str) for v in value.values()):
            short[key] = {k: v[:LONGEST] for k, v in value.items()}
        elif key == "tags" and isinstance(value, list):
            short[key] = [_small(tag) for tag in value if isinstance(tag, dict)]
    return short


def _small(tag: Mapping[str, Any]) -> dict[str, str]:
    return {name[:1].lower() + name[1:]: str(value) for name, value in tag.items()}


def named_in(params: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names and ARNs in a call's parameters, for looking up events."""
    return tuple(
        str(value)
        for key, value in params.items()
        if isinstance(value, str) and key.lower().endswith(("name", "arn", "bucket", "keyid"))
    )
