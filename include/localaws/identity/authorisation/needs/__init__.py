"""What calls to each service need: one module for each service, registered on import."""

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
    """Return what a call needs; services without a module use the authorization table.

    An empty list means that everybody may make the call, or that its handler authorises each entry.
    """
    needs_of = registered(request.service)
    return list(needs_of(request)) if needs_of is not None else derived(request)


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
