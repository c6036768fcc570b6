"""The access log of a month: who read, wrote or was refused which feature group, card, version.

Reads and writes of feature records are data events: CloudTrail's event history has none, the trail
of the data account delivers them to its bucket as log files. Cards and versions are asked for by
management events. Sources: CloudTrail User Guide, "CloudTrail record contents", "CloudTrail
userIdentity element" and "Logging data events".
"""

from __future__ import annotations

import gzip
import json
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from causeway.errors import BadInput
from causeway.instants import Month

SOURCE: Final = "sagemaker.amazonaws.com"
FEATURE_GROUP: Final = "AWS::SageMaker::FeatureGroup"

#: The management events on cards and versions, each with the parameters that may name its resource.
WATCHED: Final[Mapping[str, tuple[str, ...]]] = {
    "CreateModelCard": ("modelCardName",),
    "CreateModelCardExportJob": ("modelCardName",),
    "DeleteModelCard": ("modelCardName",),
    "DescribeModelCard": ("modelCardName",),
    "UpdateModelCard": ("modelCardName",),
    "CreateModelPackage": ("modelPackageGroupName", "modelPackageName"),
    "DeleteModelPackage": ("modelPackageName",),
    "DescribeModelPackage": ("modelPackageName",),
    "UpdateModelPackage": ("modelPackageArn",),
}
_READS: Final = ("Get", "BatchGet", "Describe", "List", "CreateModelCardExportJob")
#: What an error code says when the caller was refused; another error is the caller's own mistake.
_REFUSED: Final = ("AccessDenied", "AccessForbidden", "UnauthorizedOperation", "NotAuthorized")


class Deed(StrEnum):
    """What somebody did with a resource."""

    READ = "read"
    WROTE = "wrote"
    REFUSED = "was refused"
    FAILED = "failed"


@dataclass(frozen=True, order=True)
class Access:
    """One kind of access: a resource, who asked for it, from where, by which call."""

    resource: str
    account: str
    principal: str
    person: str
    operation: str
    deed: Deed


def records(content: bytes, name: str) -> list[Mapping[str, Any]]:
    """Return the events of a trail's log file, which is gzipped JSON.

    Raises:
        BadInput: the file is something else; `name` says which.
    """
    try:
        events = json.loads(gzip.decompress(content))["Records"]
    except (OSError, EOFError, zlib.error, ValueError, TypeError, KeyError) as error:
        raise BadInput(
            f"{name} is no log file of CloudTrail: {error}",
            next_step="Find out who wrote it; the trail's bucket takes files of CloudTrail alone.",
        ) from error
    return [event for event in events if isinstance(event, dict)]


def accesses(events: Iterable[Mapping[str, Any]], month: Month) -> Counter[Access]:
    """Count what the events of a month tell, each event once."""
    seen: set[str] = set()
    counts: Counter[Access] = Counter()
    for event in events:
        identifier, at = str(event.get("eventID")), str(event.get("eventTime", ""))
        if event.get("eventSource") != SOURCE or not month.has(at) or identifier in seen:
            continue
        seen.add(identifier)
        counts.update(_accesses(event))
    return counts


def _accesses(event: Mapping[str, Any]) -> Iterator[Access]:
    """Yield one access for each resource that the call names."""
    account, principal, person = _who(event.get("userIdentity") or {})
    operation = str(event.get("eventName"))
    for resource in _resources(event):
        yield Access(resource, account, principal, person, operation, _deed(event, operation))


def _resources(event: Mapping[str, Any]) -> Iterator[str]:
    named = event.get("resources") or []
    yield from (str(r["ARN"]) for r in named if r.get("type") == FEATURE_GROUP and r.get("ARN"))
    parameters = event.get("requestParameters") or {}
    for name in WATCHED.get(str(event.get("eventName")), ()):
        if value := parameters.get(name):
            yield str(value)
            return


def _deed(event: Mapping[str, Any], operation: str) -> Deed:
    if code := str(event.get("errorCode") or ""):
        return Deed.REFUSED if any(word in code for word in _REFUSED) else Deed.FAILED
    return Deed.READ if operation.startswith(_READS) else Deed.WROTE


def _who(identity: Mapping[str, Any]) -> tuple[str, str, str]:
    """Return account, role or user, and the person that the session says it acts for.

    Of a caller from another account CloudTrail may say the account and the principal's id alone.
    """
    context = identity.get("sessionContext") or {}
    issuer = context.get("sessionIssuer") or {}
    arn = issuer.get("arn") or identity.get("arn") or identity.get("invokedBy") or ""
    principal = str(arn).partition(":role/")[2] or str(arn) or str(identity.get("principalId", ""))
    return (
        str(identity.get("accountId") or ""),
        principal or "unknown",
        str(context.get("sourceIdentity") or ""),
    )
