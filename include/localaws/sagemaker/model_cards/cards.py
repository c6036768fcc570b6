"""SageMaker: model cards, by name in the caller's account and by ARN in another.

Content must follow the model card schema and be complete at every update; content and status are
never changed in one call; every update creates a new version.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from localaws.kit.paging import SAGEMAKER
from localaws.kit.service import Call, Service, ServiceError
from localaws.ram import grants
from localaws.sagemaker.listing import listed
from localaws.sagemaker.model_cards.content import read
from localaws.sagemaker.model_cards.events import card_changed
from localaws.sagemaker.model_cards.keys import READ, WRITE, require_key
from localaws.sagemaker.model_cards.store import Card, ModelCards, Version
from localaws.sagemaker.registry.groups import in_window
from localaws.sagemaker.registry.store import resource_name
from localaws.sagemaker.search.search import searchable
from localaws.sagemaker.tags import TagStore

sagemaker = Service.named("sagemaker")
NAME = "ModelCardName"


def card_of(call: Call) -> Card:
    """Return the card that a call names by name or ARN, in the account where it is served."""
    name = resource_name(call.params[NAME], "model-card")
    return call.store(ModelCards).find(name, call.arn(f"model-card/{name}"))


@sagemaker.operation("CreateModelCard")
def create_model_card(call: Call) -> dict[str, Any]:
    """Create a card, with version 1, in the caller's account."""
    cards, params, name = call.store(ModelCards), call.params, call.params[NAME]
    arn = call.arn(f"model-card/{name}")
    if name in cards.by_name:
        raise ServiceError("ConflictException", f"Model card {arn} already exists.")
    read(params["Content"])
    security = params.get("SecurityConfig") or None
    require_key(call, WRITE, security)
    call.store(TagStore).put(arn, params.get("Tags"))
    first = Version(
        1,
        params["Content"],
        params["ModelCardStatus"],
        call.now(),
        call.caller.identity(),
    )
    card = cards.by_name[name] = Card(name, arn, security, [first])
    card_changed(call, call.account, call.region, card)
    return {"ModelCardArn": arn}


@sagemaker.operation("DescribeModelCard", resource=NAME)
def describe_model_card(call: Call) -> dict[str, Any]:
    """Return a version of a card; `MetadataOnly` leaves its content out and needs no key."""
    card = card_of(call)
    version = card.version(call.params.get("ModelCardVersion"))
    if call.params.get("IncludedData") == "MetadataOnly":
        return {**card.describe(version), "Content": ""}
    require_key(call, READ, card)
    return card.describe(version)


@sagemaker.operation("UpdateModelCard", resource=NAME)
def update_model_card(call: Call) -> dict[str, Any]:
    """Set the whole content, or the status, as a new version."""
    card = card_of(call)
    now = card.latest
    content, status = call.params.get("Content"), call.params.get("ModelCardStatus")
    if (content is None) == (status is None):
        raise ServiceError(
            "ValidationException",
            "Model card content and model card status cannot be updated in one call."
            if content is not None
            else "Either Content or ModelCardStatus must be given.",
        )
    if content is not None:
        if now.status == "Archived":
            raise ServiceError(
                "ValidationException",
                "The content of an archived model card cannot be updated.",
            )
        read(content)
        require_key(call, WRITE, card)
    card.versions.append(
        Version(
            now.number + 1,
            now.content if content is None else content,
            status or now.status,
            call.now(),
            call.caller.identity(),
        )
    )
    card_changed(call, call.account, call.region, card)
    return {"ModelCardArn": card.arn}


@sagemaker.operation("ListModelCards")
def list_model_cards(call: Call) -> dict[str, Any]:
    """List own cards; RAM's ListResources lists those of other accounts."""
    items = []
    for card in call.store(ModelCards).by_name.values():
        described = card.describe(card.latest)
        members = (NAME, "ModelCardArn", "ModelCardStatus", "CreationTime", "LastModifiedTime")
        items.append({name: described[name] for name in members})
    params = call.params
    if params.get("ModelCardStatus"):
        params = {**params, "StatusEquals": params["ModelCardStatus"]}
    return listed(params, items, into="ModelCardSummaries", prefix="ModelCard")


@sagemaker.operation("ListModelCardVersions", resource=NAME)
def list_model_card_versions(call: Call) -> dict[str, Any]:
    """List a card's versions, by default the latest first."""
    card, params = card_of(call), call.params
    summaries = [
        {
            NAME: card.name,
            "ModelCardArn": card.arn,
            "ModelCardStatus": version.status,
            "ModelCardVersion": version.number,
            "CreationTime": version.at,
            "LastModifiedTime": version.at,
        }
        for version in card.versions
        if in_window(params, version.at, card.name)
        and params.get("ModelCardStatus") in (None, version.status)
    ]
    if params.get("SortOrder", "Descending") == "Descending":
        summaries.reverse()
    page, rest = SAGEMAKER.page(params, summaries)
    return {"ModelCardVersionSummaryList": page, **rest}


@sagemaker.operation("DeleteModelCard")
def delete_model_card(call: Call) -> dict[str, Any]:
    """Delete an own card with its versions and export jobs, also from shares."""
    card = card_of(call)
    if any(job.status == "InProgress" for job in card.jobs.values()):
        raise ServiceError("ConflictException", f"Model card {card.arn} is being exported.")
    del call.store(ModelCards).by_name[card.name]
    call.store(TagStore).forget(card.arn)
    grants.forget(call, card.arn)
    return {}


@searchable("ModelCard")
def search_records(call: Call, across: bool) -> Iterable[dict[str, Any]]:
    """Yield own cards; Search does not return shared ones (RAM's ListResources does)."""
    if across:
        raise ServiceError(
            "ValidationException", "Cross-account search is not available for ModelCard."
        )
    for card in call.store(ModelCards).by_name.values():
        yield {**card.search_record(), "Tags": call.store(TagStore).listed(card.arn)}
