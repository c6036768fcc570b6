"""Which resources can be shared: each service tells whether its resources exist."""

from __future__ import annotations

from collections.abc import Callable

from localaws.kit.arns import Arn, parse_arn
from localaws.kit.capabilities import Resources
from localaws.kit.service import ServiceError
from localaws.ram.permissions import ResourceType, resource_types

Exists = Callable[[Resources, Arn], bool]
_answers: dict[str, Exists] = {}


def shareable(resource_type: str) -> Callable[[Exists], Exists]:
    """Register the function that tells whether a resource of that type exists."""

    def register(exists: Exists) -> Exists:
        _answers[resource_type] = exists
        return exists

    return register


def type_of(resource_arn: str) -> ResourceType:
    """Return the shareable type of an ARN; MalformedArnException or InvalidParameterException."""
    try:
        arn = parse_arn(resource_arn)
    except ValueError as error:
        raise ServiceError(
            "MalformedArnException", f"The specified resource ARN {resource_arn} is not valid."
        ) from error
    for kind in resource_types().values():
        if arn.service == "sagemaker" and arn.resource_type == kind.prefix and arn.resource_id:
            return kind
    raise ServiceError(
        "InvalidParameterException",
        f"You cannot share the selected resource type: {resource_arn}.",
    )


def require_own(resources: Resources, account: str, region: str, resource_arn: str) -> ResourceType:
    """Check that `account` can share a resource: known type, its own, in this region, existing."""
    kind = type_of(resource_arn)
    arn = parse_arn(resource_arn)
    if arn.account != account or arn.region != region:
        raise ServiceError(
            "InvalidParameterException",
            f"You can share only resources that you own in {region}: {resource_arn}.",
        )
    if kind.name not in _answers:
        raise ServiceError(
            "UnsupportedOperation", f"sharing {kind.name} is not served by the local AWS.", 501
        )
    if not _answers[kind.name](resources, arn):
        raise ServiceError(
            "UnknownResourceException", f"Resource {resource_arn} could not be found."
        )
    return kind
