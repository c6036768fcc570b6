"""In which account a call is served: the owner of its resource, or the caller's account."""

from __future__ import annotations

from typing import Any

from localaws.kit.arns import is_arn, parse_arn

# Parameters of moto's services that may hold another account's ARN (or, for SQS, its URL).
ARN_PARAMETERS = {
    "dynamodb": ("TableName", "ResourceArn"),
    "kms": ("KeyId",),
    "events": ("EventBusName", "Name", "ResourceARN"),
    "sns": ("TopicArn", "TargetArn"),
}


def owner_of(service: str, params: dict[str, Any], caller: str, accounts: list[str]) -> str:
    """Return the account in whose state moto serves a call of `caller`."""
    if service == "s3":
        return _bucket_owner(params.get("Bucket")) or caller
    if service == "sqs":
        named = params.get("QueueOwnerAWSAccountId")
        return _queue_owner(params.get("QueueUrl"), accounts) or (
            str(named) if named in accounts else caller
        )
    if service == "ecr":
        registry = params.get("registryId")
        return str(registry) if registry in accounts else caller
    if service == "dynamodb" and (names := _tables(params)):
        owners = {parse_arn(name).account if is_arn(name) else caller for name in names}
        if len(owners) == 1 and owners <= {*accounts, caller}:
            return owners.pop()  # moto cannot serve one call in two accounts
    for name in ARN_PARAMETERS.get(service, ()):
        value = params.get(name)
        if is_arn(value) and parse_arn(str(value)).account in accounts:
            return parse_arn(str(value)).account
    return caller


def bucket_of(name: Any) -> Any:
    """Return moto's bucket of that name in any account; None when there is none."""
    from moto.s3.models import s3_backends

    owner = s3_backends.bucket_accounts.get(name)
    return s3_backends[owner[1]][owner[0]].buckets.get(name) if owner else None


def _bucket_owner(bucket: Any) -> str | None:
    owned = bucket_of(bucket)
    return str(owned.account_id) if owned is not None else None


def _tables(params: dict[str, Any]) -> list[str]:
    """Return the names of the tables in a batch or a transaction."""
    items = params.get("TransactItems") or []
    names = [str(operation.get("TableName")) for item in items for operation in item.values()]
    return names + list(params.get("RequestItems") or {})


def _queue_owner(url: Any, accounts: list[str]) -> str | None:
    parts = str(url or "").rstrip("/").split("/")
    return parts[-2] if len(parts) >= 2 and parts[-2] in accounts else None
