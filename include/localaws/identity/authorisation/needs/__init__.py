"""What each service's calls need, one module a service; importing this registers them all."""

from localaws.identity.authorisation.needs import (
    athena,
    cloudtrail,
    dynamodb,
    glue,
    iam,
    kms,
    messaging,
    operations,
    s3,
    sagemaker,
    sts,
)
from localaws.identity.authorisation.needs.derived import derived
from localaws.identity.authorisation.request import AuthorisationRequest, Need, registered


def of_call(request: AuthorisationRequest) -> list[Need]:
    """Return what a call needs; a service without a module of its own goes by the table.

    An empty list means that everybody may make the call, or that its handler asks entry by entry.
    """
    say = registered(request.service)
    return list(say(request)) if say is not None else derived(request)


__all__ = [
    "athena",
    "cloudtrail",
    "dynamodb",
    "glue",
    "iam",
    "kms",
    "messaging",
    "of_call",
    "operations",
    "s3",
    "sagemaker",
    "sts",
]
