"""What calls to each service need: one module for each service, registered on import."""

from localaws.identity.authorisation.denial import denied
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

# Calls that everybody with credentials may make, and calls whose handler authorises each entry.
OPEN = frozenset({("sts", "GetCallerIdentity"), ("sts", "GetSessionToken")}) | {
    (service, operation)
    for service in ("sagemaker", "sagemaker-featurestore-runtime")
    for operation in sagemaker.BY_ENTRY
}


def of_call(request: AuthorisationRequest) -> list[Need]:
    """Return what a call needs; services without a module use the authorization table.

    Raises:
        ServiceError: nothing is known that the call needs, and it is not one of the open ones.
    """
    needs_of = registered(request.service)
    needs = list(needs_of(request)) if needs_of is not None else derived(request)
    if not needs and (request.service, request.operation) not in OPEN:
        call = f"{request.service}:{request.operation}"
        raise denied(
            request.service,
            f"User: {request.caller.arn} is not authorized to perform: {call} because the request "
            "names nothing that it acts on",
        )
    return needs


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
