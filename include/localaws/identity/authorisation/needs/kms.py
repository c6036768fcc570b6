"""What KMS calls need: the key of an id, ARN or alias, and the condition keys.

A call by alias is authorised on the key. Source: AWS KMS Developer Guide, "Condition keys for
AWS KMS".
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import Any

from localaws.identity.authorisation.request import (
    AuthorisationRequest,
    Need,
    needs_of_service,
    present,
    tag_keys,
)
from localaws.kit.arns import is_arn, parse_arn

WITHOUT_KEY = {
    "CreateKey",
    "GenerateRandom",
    "ListAliases",
    "ListKeys",
    "ListRetirableGrants",
    "DescribeCustomKeyStores",
}
MANAGED = "alias/aws/"


def key_arn(account: str, region: str, key_id: str) -> str:
    """Return the ARN of the key that an id, an alias or an ARN of either names.

    The name of a key that does not exist is returned unchanged, so that KMS itself can answer with
    its error. An AWS managed key is named by its alias.
    """
    if is_arn(key_id):
        arn = parse_arn(key_id)
        account, region = arn.account, arn.region or region
        key_id = arn.resource.removeprefix("key/")
    if key_id.startswith("alias/") and not key_id.startswith(MANAGED):
        from moto.kms.models import kms_backends

        for key in list(kms_backends[account][region].keys.values()):
            if key_id in key.aliases:
                return str(key.arn)
    prefix = "" if key_id.startswith("alias/") else "key/"
    return f"arn:aws:kms:{region}:{account}:{prefix}{key_id}"


@needs_of_service("kms")
def kms_needs(request: AuthorisationRequest) -> Iterator[Need]:
    """Yield the operation on its key, and on the alias if the call changes one."""
    params, action = request.params, f"kms:{request.operation}"
    context = present(kms__CallerAccount=request.caller.account) | _context(params)
    if request.operation in WITHOUT_KEY:
        yield Need(action, "*", context | tag_keys(params.get("Tags"), "TagKey", "TagValue"))
        return
    if request.operation == "ReEncrypt":
        source = params.get("SourceKeyId") or key_of_ciphertext(params.get("CiphertextBlob"))
        yield Need("kms:ReEncryptFrom", _key(request, source), context)
        yield Need("kms:ReEncryptTo", _key(request, params.get("DestinationKeyId")), context)
        return
    if alias := params.get("AliasName"):
        yield Need(action, request.arn(str(alias)), context)
        target = params.get("TargetKeyId")
        if target or request.operation == "DeleteAlias":
            yield Need(action, _key(request, target or alias), context)
        return
    key = params.get("KeyId") or key_of_ciphertext(params.get("CiphertextBlob"))
    tags = tag_keys(params.get("Tags"), "TagKey", "TagValue")
    yield Need(action, _key(request, key), context | tags)


def _key(request: AuthorisationRequest, key_id: Any) -> str:
    return key_arn(request.account, request.region, str(key_id)) if key_id else "*"


def key_of_ciphertext(blob: Any) -> str | None:
    """Return the id of the key in a ciphertext; moto writes it at the beginning."""
    if not blob:
        return None
    try:
        sealed = blob if isinstance(blob, bytes) else base64.b64decode(str(blob))
        return sealed[:36].decode("ascii") or None
    except ValueError:
        return None


def _context(params: Any) -> dict[str, str | list[str]]:
    encryption = params.get("EncryptionContext") or {}
    context: dict[str, str | list[str]] = {
        f"kms:EncryptionContext:{name}": str(value) for name, value in encryption.items()
    }
    if encryption:
        context["kms:EncryptionContextKeys"] = list(encryption)
    constraints = params.get("Constraints") or {}
    granted = params.get("Operations")
    return (
        context
        | present(
            kms__EncryptionAlgorithm=params.get("EncryptionAlgorithm"),
            kms__GrantOperations=granted,
            kms__GranteePrincipal=params.get("GranteePrincipal"),
            kms__RetiringPrincipal=params.get("RetiringPrincipal"),
            kms__GrantConstraintType=next(iter(constraints), None),
            kms__KeySpec=params.get("KeySpec") if "Policy" in params else None,
            kms__KeyUsage=params.get("KeyUsage"),
            kms__DataKeyPairSpec=params.get("KeyPairSpec"),
            kms__SigningAlgorithm=params.get("SigningAlgorithm"),
            kms__ScheduleKeyDeletionPendingWindowInDays=params.get("PendingWindowInDays"),
        )
        # True only if an AWS service makes the grant for the caller, never in a direct call.
        | ({"kms:GrantIsForAWSResource": "false"} if granted else {})
    )
