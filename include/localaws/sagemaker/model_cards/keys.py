"""Checks that the KMS key of a model card can be used, and that the caller may use it.

SageMaker uses the key with the caller's permissions (forward access session), so the key's policy
and the caller's identity policies decide.
"""

from __future__ import annotations

from localaws.kit.arns import is_arn, parse_arn
from localaws.kit.service import Call, ServiceError
from localaws.sagemaker.model_cards.store import Card

WRITE, READ = "kms:GenerateDataKey", "kms:Decrypt"


def require_key(call: Call, action: str, security: Card | dict[str, str] | None) -> None:
    """Check that the caller may do `action` with a card's key, if it has one.

    Raises:
        ServiceError: ValidationException for a key that cannot be used, AccessDeniedException.
    """
    config = security.security if isinstance(security, Card) else security
    key = (config or {}).get("KmsKeyId")
    if key:
        call.authorise(action, _key_arn(call, key))


def _key_arn(call: Call, key: str) -> str:
    from moto.kms.models import kms_backends

    arn = parse_arn(key) if is_arn(key) else None
    account, region = (arn.account, arn.region) if arn else (call.account, call.region)
    backend = kms_backends[account][region]
    name = arn.resource if arn else key
    if name.startswith("alias/"):
        name = backend.get_key_id_from_alias(name) or name
    kms_key = backend.keys.get(name.removeprefix("key/"))
    if kms_key is None or kms_key.key_state != "Enabled":
        state = "does not exist" if kms_key is None else f"is {kms_key.key_state}"
        raise ServiceError("ValidationException", f"KMS key {key} {state}.")
    return str(kms_key.arn)
