"""SageMaker lineage: artifacts, actions and contexts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from localaws.kit.service import Call, Service, ServiceError
from localaws.sagemaker.lineage.automatic import recorded
from localaws.sagemaker.lineage.listing import page_of
from localaws.sagemaker.lineage.store import (
    MAX_PROPERTIES,
    Entity,
    LineageStore,
    add,
    entity_arn,
    not_found,
    remove,
)

sagemaker = Service.named("sagemaker")
KEPT = ("Source", "Description", "Status", "Properties", "MetadataProperties")


@dataclass(frozen=True)
class Kind:
    """The member names of a kind of entity."""

    title: str  # prefix of its members: ArtifactName, ArtifactArn, ArtifactType
    resource: str
    key: str  # the member that identifies one: the ARN of artifacts, the name of others
    many: str

    @property
    def type_member(self) -> str:
        """The member that holds its type."""
        return f"{self.title}Type"


KINDS = (
    Kind("Artifact", "artifact", "ArtifactArn", "Artifacts"),
    Kind("Action", "action", "ActionName", "Actions"),
    Kind("Context", "context", "ContextName", "Contexts"),
)


def _create(kind: Kind, call: Call) -> dict[str, Any]:
    recorded(call)
    params = call.params
    name = params.get(f"{kind.title}Name")
    if name and any(
        entity.name == name for entity in call.store(LineageStore).of_kind(kind.resource)
    ):
        raise ServiceError("ValidationException", f"{kind.title} {name} already exists.")
    arn = call.arn(f"{kind.resource}/{name or ''}")
    if kind.title == "Artifact":  # AWS gives artifacts an id of their own
        seed = f"{call.account}/{name}/{params['Source']}/{params[kind.type_member]}"
        taken = len(call.store(LineageStore).entities)
        identity = hashlib.sha256(f"{seed}/{'' if name else taken}".encode()).hexdigest()[:32]
        arn = call.arn(f"artifact/{identity}")
    record: dict[str, Any] = {member: params[member] for member in KEPT if params.get(member)}
    record |= {f"{kind.title}Arn": arn, kind.type_member: params[kind.type_member]}
    if name:
        record[f"{kind.title}Name"] = name
    add(call, Entity(kind.resource, name or "", arn, params[kind.type_member], record))
    return {f"{kind.title}Arn": arn}


def _find(kind: Kind, call: Call) -> Entity:
    recorded(call)
    arn = entity_arn(call, kind.resource, call.params[kind.key])
    return call.store(LineageStore).find(arn)


def _describe(kind: Kind, call: Call) -> dict[str, Any]:
    return dict(_find(kind, call).record)


def _update(kind: Kind, call: Call) -> dict[str, Any]:
    entity, params = _find(kind, call), call.params
    removed = params.get("PropertiesToRemove") or []
    present = {k: v for k, v in entity.record.get("Properties", {}).items() if k not in removed}
    properties = present | (params.get("Properties") or {})
    if len(properties) > MAX_PROPERTIES:
        raise ServiceError(
            "ValidationException",
            f"{entity.arn} would have more than {MAX_PROPERTIES} properties.",
        )
    new_name = params.get("ArtifactName") if kind.title == "Artifact" else None
    if new_name and new_name != entity.name:
        if any(o.name == new_name for o in call.store(LineageStore).of_kind(kind.resource)):
            raise ServiceError("ValidationException", f"Artifact {new_name} already exists.")
        entity.name = entity.record["ArtifactName"] = new_name
    changed: dict[str, Any] = {
        name: params[name] for name in ("Description", "Status") if name in params
    }
    entity.record = {**entity.record, **changed, "Properties": properties}
    if not properties:
        del entity.record["Properties"]
    entity.touch(call)
    return {f"{kind.title}Arn": entity.arn}


def _delete(kind: Kind, call: Call) -> dict[str, Any]:
    if kind.title == "Artifact" and not call.params.get("ArtifactArn"):
        entity = _by_source(call)
    else:
        entity = _find(kind, call)
    remove(call, entity)
    return {f"{kind.title}Arn": entity.arn}


def _by_source(call: Call) -> Entity:
    recorded(call)
    source = call.params.get("Source")
    if not source:
        raise ServiceError("ValidationException", "Either ArtifactArn or Source must be given.")
    store = call.store(LineageStore)
    artifacts = [
        artifact for artifact in store.of_kind("artifact") if artifact.record["Source"] == source
    ]
    if not artifacts:
        raise not_found(call.arn(f"artifact/{source['SourceUri']}"))
    if len(artifacts) > 1:
        raise ServiceError(
            "ValidationException",
            f"{len(artifacts)} artifacts have this source: give an ArtifactArn.",
        )
    return artifacts[0]


def _list(kind: Kind, call: Call) -> dict[str, Any]:
    recorded(call)
    params = call.params
    entities = [
        entity
        for entity in call.store(LineageStore).of_kind(kind.resource)
        if params.get("SourceUri") in (None, entity.record["Source"]["SourceUri"])
        and params.get(kind.type_member) in (None, entity.type)
    ]
    shown = [f"{kind.title}Arn", f"{kind.title}Name", "Source", kind.type_member, "Status"]
    members = {name: name for name in [*shown, "CreationTime", "LastModifiedTime"]}
    return page_of(params, entities, members, f"{kind.title}Summaries")


def _register(kind: Kind) -> None:
    def bound(
        function: Callable[[Kind, Call], dict[str, Any]],
    ) -> Callable[[Call], dict[str, Any]]:
        return lambda call: function(kind, call)

    title = kind.title
    sagemaker.operation(f"Create{title}")(bound(_create))
    sagemaker.operation(f"Describe{title}", resource=kind.key)(bound(_describe))
    own = kind.key if kind.title == "Artifact" else None
    sagemaker.operation(f"Update{title}", resource=own)(bound(_update))
    sagemaker.operation(f"Delete{title}", resource=own)(bound(_delete))
    sagemaker.operation(f"List{kind.many}")(bound(_list))


for _kind in KINDS:
    _register(_kind)
