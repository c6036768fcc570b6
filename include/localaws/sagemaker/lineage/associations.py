"""SageMaker lineage: associations between entities, of one account or of two."""

from __future__ import annotations

from typing import Any

from localaws.kit.arns import parse_arn
from localaws.kit.paging import SAGEMAKER
from localaws.kit.service import Call, Service, ServiceError
from localaws.sagemaker.lineage.automatic import recorded
from localaws.sagemaker.lineage.listing import created_in
from localaws.sagemaker.lineage.store import Edge, Entity, LineageStore, not_found, store_of

sagemaker = Service.named("sagemaker")
# Trials group trial components and cannot be associated (botocore's pattern).
SORTED_BY = ("SourceArn", "DestinationArn", "SourceType", "DestinationType")


@sagemaker.operation("AddAssociation")
def add_association(call: Call) -> dict[str, Any]:
    """Associate two entities; each must exist, and another account's must be shared."""
    ends = call.params["SourceArn"], call.params["DestinationArn"]
    if ends[0] == ends[1]:
        raise ServiceError("ValidationException", "An entity cannot be associated with itself.")
    for arn in ends:
        _end(call, "sagemaker:AddAssociation", arn)
    if ends in call.store(LineageStore).edges or ends in store_of(call, ends[0]).edges:
        raise ServiceError(
            "ValidationException", f"Association from {ends[0]} to {ends[1]} already exists."
        )
    edge = Edge(
        *ends,
        call.params.get("AssociationType"),
        call.now(),
        {"IamIdentity": call.caller.identity()},
    )
    for arn in ends:
        store_of(call, arn).edges[ends] = edge
    return {"SourceArn": ends[0], "DestinationArn": ends[1]}


@sagemaker.operation("DeleteAssociation")
def delete_association(call: Call) -> dict[str, Any]:
    """Delete the association of two entities."""
    ends = call.params["SourceArn"], call.params["DestinationArn"]
    for arn in ends:
        call.authorise("sagemaker:DeleteAssociation", arn)
    if ends not in store_of(call, ends[0]).edges:
        raise ServiceError(
            "ResourceNotFound", f"Association from {ends[0]} to {ends[1]} does not exist."
        )
    for arn in ends:
        store_of(call, arn).edges.pop(ends, None)
    return {"SourceArn": ends[0], "DestinationArn": ends[1]}


@sagemaker.operation("ListAssociations")
def list_associations(call: Call) -> dict[str, Any]:
    """List the associations from and to own entities."""
    recorded(call)
    params = call.params
    summaries = []
    for edge in call.store(LineageStore).edges.values():
        summary = _summary(call, edge)
        if created_in(params, edge.created) and all(
            params.get(name) in (None, summary.get(name))
            for name in (*SORTED_BY, "AssociationType")
        ):
            summaries.append(summary)
    by = params.get("SortBy", "CreationTime")
    summaries.sort(
        key=lambda item: (str(item.get(by, "")), item["SourceArn"], item["DestinationArn"])
    )
    if params.get("SortOrder", "Descending") == "Descending":
        summaries.reverse()
    page, rest = SAGEMAKER.page(params, summaries)
    return {"AssociationSummaries": page, **rest}


def _summary(call: Call, edge: Edge) -> dict[str, Any]:
    summary = edge.document() | {"CreationTime": edge.created, "CreatedBy": edge.by}
    for side, arn in (("Source", edge.source), ("Destination", edge.destination)):
        entity = store_of(call, arn).entities.get(arn)
        if entity is not None:  # the other account may have deleted its entry
            summary[f"{side}Type"] = entity.type
            if entity.name:
                summary[f"{side}Name"] = entity.name
    return summary


def _end(call: Call, action: str, arn: str) -> Entity:
    call.authorise(action, arn)
    owner = parse_arn(arn)
    if owner.account not in call.account_ids():
        raise not_found(arn)
    if owner.account == call.account:
        recorded(call)
    return store_of(call, arn).find(arn)
