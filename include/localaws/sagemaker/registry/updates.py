"""Applies UpdateModelPackage to a package's record."""

from __future__ import annotations

from typing import Any

from localaws.kit.service import ServiceError

Record = dict[str, Any]
MAX_PROPERTIES = 50
REPLACED = (
    "ModelApprovalStatus",
    "ApprovalDescription",
    "ModelPackageRegistrationType",
    "InferenceSpecification",
    "SourceUri",
    "ModelLifeCycle",
)


def apply(record: Record, params: Record) -> list[str]:
    """Change `record` and return the names of the changed fields.

    Everything is checked before anything is changed. Raises ValidationException for more than 50
    customer properties, an inference specification whose name is in use, or new content for an
    archived card.
    """
    changes: Record = {name: params[name] for name in REPLACED if params.get(name) is not None}
    properties = _properties(record, params)
    if properties is not None:
        changes["CustomerMetadataProperties"] = properties
    if added := params.get("AdditionalInferenceSpecificationsToAdd"):
        changes["AdditionalInferenceSpecifications"] = _specifications(record, added)
    if card := params.get("ModelCard"):
        changes["ModelCard"] = _card(record.get("ModelCard", {}), card)
    record.update(changes)
    if not record.get("CustomerMetadataProperties"):
        record.pop("CustomerMetadataProperties", None)
    return sorted(changes)


def _properties(record: Record, params: Record) -> Record | None:
    additions = params.get("CustomerMetadataProperties") or {}
    removed = params.get("CustomerMetadataPropertiesToRemove") or []
    if not additions and not removed:
        return None
    present: Record = record.get("CustomerMetadataProperties", {})
    properties = {k: v for k, v in present.items() if k not in removed} | additions
    if len(properties) > MAX_PROPERTIES:
        raise ServiceError(
            "ValidationException",
            f"A model package has at most {MAX_PROPERTIES} customer metadata properties.",
        )
    return properties


def _specifications(record: Record, added: list[Record]) -> list[Record]:
    present = list(record.get("AdditionalInferenceSpecifications", []))
    names = [specification["Name"] for specification in [*present, *added]]
    if len(names) != len(set(names)):
        raise ServiceError(
            "ValidationException", "An additional inference specification of that name exists."
        )
    return [*present, *added]


def _card(present: Record, card: Record) -> Record:
    if present.get("ModelCardStatus") == "Archived" and "ModelCardContent" in card:
        raise ServiceError(
            "ValidationException", "The content of an archived model card cannot be updated."
        )
    return {**present, **card}
