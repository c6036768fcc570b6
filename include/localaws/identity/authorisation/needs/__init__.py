"""What each service's calls need, one module a service; importing this registers them all."""

from localaws.identity.authorisation.asked import Asked, Need, registered
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


def of_call(asked: Asked) -> list[Need]:
    """Return what a call needs; a service without a module of its own goes by the table.

    An empty list means that everybody may make the call, or that its handler asks entry by entry.
    """
    say = registered(asked.service)
    return list(say(asked)) if say is not None else derived(asked)


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
