"""In which account a call is served: the owner's of what it addresses, else the caller's."""

from __future__ import annotations

from typing import Any

from localaws.arns import is_arn, parse_arn

# Parameters of moto's services that may hold another account's ARN (or, for SQS, its URL).
ARN_PARAMETERS = {
    "dynamodb": ("TableName", "ResourceArn"),
    "kms": ("KeyId",),
    "events": ("EventBusName", "Name"),
    "sns": ("TopicArn", "TargetArn"),
}


def owner_of(service: str, params: dict[str, Any], caller: str, accounts: list[str]) -> str:
    """Return the account in whose state moto has to serve a call of `caller`."""
    if service == "s3":
        return _bucket_owner(params.get("Bucket")) or caller
    if service == "sqs":
        return _queue_owner(params.get("QueueUrl"), accounts) or caller
    for name in ARN_PARAMETERS.get(service, ()):
        value = params.get(name)
        if is_arn(value) and parse_arn(str(value)).account in accounts:
            return parse_arn(str(value)).account
    return caller


def _bucket_owner(bucket: Any) -> str | None:
    from moto.s3.models import s3_backends

    owner = s3_backends.bucket_accounts.get(bucket)
    return str(owner[1]) if owner else None


def _queue_owner(url: Any, accounts: list[str]) -> str | None:
    parts = str(url or "").rstrip("/").split("/")
    return parts[-2] if len(parts) >= 2 and parts[-2] in accounts else None
