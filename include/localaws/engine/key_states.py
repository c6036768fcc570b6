"""Keys that are disabled or wait for their deletion, and ciphertexts of another key.

moto keeps a key's state and goes on working with it. Source: AWS KMS Developer Guide, "Key states
of AWS KMS keys"; S3 prefixes the error of a key with `KMS.`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, wraps
from typing import Any

from localaws.engine.corrections import MotoCall, before
from localaws.identity.authorisation.needs import s3_encryption
from localaws.identity.authorisation.needs.kms import key_arn, key_of_ciphertext
from localaws.kit.arns import parse_arn
from localaws.kit.service import ServiceError

CRYPTOGRAPHIC = (
    "Encrypt",
    "Decrypt",
    "ReEncrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "VerifyMac",
    "Sign",
    "Verify",
    "GetPublicKey",
    "CreateGrant",
    "EnableKeyRotation",
    "DisableKeyRotation",
    "RotateKeyOnDemand",
)
#: Refused only while the key waits for its deletion.
CHANGES = (
    "CreateAlias",
    "DisableKey",
    "EnableKey",
    "ScheduleKeyDeletion",
    "TagResource",
    "UpdateKeyDescription",
)


NAMED_BY_ID = ("disable_key", "enable_key", "cancel_key_deletion", "schedule_key_deletion")


@cache
def install() -> None:
    """Let keys be named by ARN and policies by default, which moto does not know everywhere.

    A new key is told to encrypt and decrypt in one region unless its request says otherwise.
    """
    from moto.kms import responses
    from moto.kms.models import KmsBackend

    checked = responses._assert_default_policy
    responses._assert_default_policy = lambda policy_name: checked(policy_name or "default")
    for name in NAMED_BY_ID:
        setattr(KmsBackend, name, _by_id(getattr(KmsBackend, name)))
    setattr(KmsBackend, "create_key", _with_defaults(KmsBackend.create_key))  # noqa: B010 - mypy


def _with_defaults(create: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(create)
    def act(
        backend: Any, policy: str | None, key_usage: str | None, *more: Any, **named: Any
    ) -> Any:
        key = create(backend, policy, key_usage or "ENCRYPT_DECRYPT", *more, **named)
        key.multi_region = bool(key.multi_region)
        return key

    return act


def _by_id(method: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(method)
    def act(backend: Any, key_id: str, *more: Any, **named: Any) -> Any:
        return method(backend, backend.any_id_to_key_id(key_id), *more, **named)

    return act


@before("kms", *CRYPTOGRAPHIC)
def check_usable(call: MotoCall) -> None:
    """Refuse the use of a key that is not enabled, for each key that the call needs."""
    blob = call.params.get("CiphertextBlob")
    sealed = key_of_ciphertext(blob) if call.operation in ("Decrypt", "ReEncrypt") else None
    named = call.params.get("SourceKeyId" if call.operation == "ReEncrypt" else "KeyId")
    if (
        sealed
        and named
        and key_arn(call.account, call.region, str(named))
        != key_arn(call.account, call.region, sealed)
    ):
        raise ServiceError(
            "IncorrectKeyException",
            "The key ID in the request does not identify a CMK that can perform this operation.",
        )
    for name in {sealed or named, call.params.get("DestinationKeyId")} - {None}:
        _require_enabled(key_arn(call.account, call.region, str(name)))


@before("kms", *CHANGES)
def check_not_pending(call: MotoCall) -> None:
    """Refuse changes of a key that waits for its deletion."""
    name = call.params.get("KeyId") or call.params.get("TargetKeyId")
    arn = key_arn(call.account, call.region, str(name))
    if _state(arn) == "PendingDeletion":
        raise _pending(arn)


@before("kms", "CancelKeyDeletion")
def check_pending(call: MotoCall) -> None:
    """Refuse to cancel a deletion that is not scheduled."""
    arn = key_arn(call.account, call.region, str(call.params["KeyId"]))
    if _state(arn) not in (None, "PendingDeletion"):
        raise ServiceError("KMSInvalidStateException", f"{arn} is not pending deletion.")


ENCRYPTED = s3_encryption.READING | s3_encryption.WRITING | s3_encryption.PARTS


@before("s3", *sorted(ENCRYPTED))
def check_key_of_object(call: MotoCall) -> None:
    """Refuse to read or write an object whose key cannot be used."""
    for need in s3_encryption.needs(call.request):
        try:
            _require_enabled(need.resource)
        except ServiceError as error:
            raise ServiceError(f"KMS.{error.code}", error.message) from None


def _require_enabled(arn: str) -> None:
    state = _state(arn)
    if state == "Disabled":
        raise ServiceError("DisabledException", f"{arn} is disabled.")
    if state == "PendingDeletion":
        raise _pending(arn)


def _pending(arn: str) -> ServiceError:
    return ServiceError("KMSInvalidStateException", f"{arn} is pending deletion.")


def _state(arn: str) -> str | None:
    """Return a key's state; None for a key that does not exist or is managed by AWS."""
    from moto.kms.models import kms_backends

    parsed = parse_arn(arn)
    if parsed.resource_type != "key" or parsed.account not in kms_backends:
        return None
    key = kms_backends[parsed.account][parsed.region].keys.get(parsed.resource_id)
    return str(key.key_state) if key is not None else None
