"""The lineage of an account: entities (artifacts, actions, contexts, experiments, trials, trial
components), and the associations between them.

An association between two accounts is stored in both, because both may query it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from localaws.kit.arns import Arn, is_arn, parse_arn
from localaws.kit.service import Call, ServiceError
from localaws.ram.resources import shareable
from localaws.sagemaker.tags import TagStore

if TYPE_CHECKING:
    from localaws.kit.capabilities import Stores

Record = dict[str, Any]
GROUP = "sagemaker-default-lineage-group"
MAX_PROPERTIES = 30  # botocore: ArtifactProperties and LineageEntityParameters
# The names of the kinds in lineage queries; experiments and trials have none.
LINEAGE_TYPES = {
    "artifact": "Artifact",
    "action": "Action",
    "context": "Context",
    "experiment-trial-component": "TrialComponent",
}


@dataclass
class Entity:
    """One entity: `kind` is its ARN's resource type, `record` what its description shows."""

    kind: str
    name: str
    arn: str
    type: str
    record: Record

    @property
    def created(self) -> datetime:
        """When it was created."""
        created: datetime = self.record["CreationTime"]
        return created

    @property
    def modified(self) -> datetime:
        """When it was last changed."""
        modified: datetime = self.record["LastModifiedTime"]
        return modified

    def touch(self, call: Call) -> None:
        """Record who changes it, and when."""
        self.record["LastModifiedTime"] = call.now()
        self.record["LastModifiedBy"] = {"IamIdentity": call.caller.identity()}


@dataclass(frozen=True)
class Edge:
    """An association; there is at most one from a source to a destination."""

    source: str
    destination: str
    kind: str | None
    created: datetime
    by: Record

    def document(self) -> Record:
        """Return source, destination and (where there is one) type."""
        document = {"SourceArn": self.source, "DestinationArn": self.destination}
        return document | ({"AssociationType": self.kind} if self.kind else {})


@dataclass
class LineageStore:
    """The entities and associations of one account in one region."""

    entities: dict[str, Entity] = field(default_factory=dict)
    edges: dict[tuple[str, str], Edge] = field(default_factory=dict)
    members: dict[str, dict[str, None]] = field(default_factory=dict)  # trial -> its components
    group: Record | None = None
    made: set[str] = field(default_factory=set)  # what SageMaker made by itself, deleted or not

    def of_kind(self, kind: str) -> list[Entity]:
        """Return the entities of a kind, the oldest first."""
        return [entity for entity in self.entities.values() if entity.kind == kind]

    def find(self, arn: str) -> Entity:
        """Return an entity; ResourceNotFound if there is none."""
        if arn not in self.entities:
            raise not_found(arn)
        return self.entities[arn]

    def touching(self, arn: str) -> list[Edge]:
        """Return the associations from and to an entity."""
        return [edge for edge in self.edges.values() if arn in (edge.source, edge.destination)]


def not_found(arn: str) -> ServiceError:
    """Return the error of a missing lineage entity."""
    kind = parse_arn(arn).resource_type
    return ServiceError("ResourceNotFound", f"{kind} '{arn}' does not exist.")


def entity_arn(call: Call, kind: str, name_or_arn: str) -> str:
    """Return the ARN of an entity named by name or ARN; ValidationException for another kind."""
    if not is_arn(name_or_arn):
        return call.arn(f"{kind}/{name_or_arn}", "sagemaker")
    if parse_arn(name_or_arn).resource_type != kind:
        raise ServiceError("ValidationException", f"{name_or_arn} is not the ARN of an {kind}.")
    return name_or_arn


def store_of(stores: Stores, arn: str) -> LineageStore:
    """Return the store of the account that owns an entity."""
    owner = parse_arn(arn)
    return stores.store(LineageStore, owner.account, owner.region)


def add(call: Call, entity: Entity) -> None:
    """Store a new entity and its tags; the first one creates the account's lineage group."""
    store = call.store(LineageStore)
    if entity.arn in store.entities:
        raise ServiceError("ValidationException", f"{entity.kind} {entity.arn} already exists.")
    now = call.now()
    by = {"IamIdentity": call.caller.identity()}
    if store.group is None and entity.kind in LINEAGE_TYPES:
        store.group = {
            "LineageGroupName": GROUP,
            "LineageGroupArn": call.arn(f"lineage-group/{GROUP}"),
            "DisplayName": GROUP,
            "Description": "Default lineage group",
            "CreationTime": now,
            "CreatedBy": by,
            "LastModifiedTime": now,
            "LastModifiedBy": by,
        }
    if entity.kind in LINEAGE_TYPES and store.group is not None:
        entity.record["LineageGroupArn"] = store.group["LineageGroupArn"]
    entity.record |= {
        "CreationTime": now,
        "CreatedBy": by,
        "LastModifiedTime": now,
        "LastModifiedBy": by,
    }
    call.store(TagStore).put(entity.arn, call.params.get("Tags"))
    store.entities[entity.arn] = entity


def remove(call: Call, entity: Entity) -> None:
    """Remove an entity; ValidationException if it has associations."""
    store = call.store(LineageStore)
    if store.touching(entity.arn):
        raise ServiceError(
            "ValidationException",
            f"{entity.kind} {entity.arn} cannot be deleted: delete its associations first.",
        )
    del store.entities[entity.arn]
    call.store(TagStore).forget(entity.arn)


@shareable("sagemaker:LineageGroup")
def lineage_group_exists(stores: Stores, arn: Arn) -> bool:
    """Tell RAM whether an account has a lineage group: since its first entity."""
    store = stores.store(LineageStore, arn.account, arn.region)
    return arn.resource_id == GROUP and store.group is not None
