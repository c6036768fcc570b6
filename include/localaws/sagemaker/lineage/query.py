"""SageMaker QueryLineage: a walk over associations from one entity, up, down or both ways.

Other accounts' entities are included if their lineage group is shared with the caller's account.
"""

from __future__ import annotations

from collections import deque
from typing import Any

from localaws.kit.arns import parse_arn
from localaws.kit.paging import Pager
from localaws.kit.service import Call, Service, ServiceError
from localaws.ram import grants
from localaws.sagemaker.lineage.automatic import recorded
from localaws.sagemaker.lineage.listing import aware
from localaws.sagemaker.lineage.store import (
    LINEAGE_TYPES,
    Edge,
    Entity,
    LineageStore,
    not_found,
    store_of,
)

sagemaker = Service.named("sagemaker")
MAX_DEPTH, MAX_RESULTS = 10, 50
PAGER = Pager("NextToken", "MaxResults", MAX_RESULTS, "ValidationException")


@sagemaker.operation("QueryLineage")
def query_lineage(call: Call) -> dict[str, Any]:
    """Return the entities that pass the filters, and with `IncludeEdges` the paths to them."""
    params = call.params
    for name in ("MaxDepth", "MaxResults"):
        if params.get(name) is not None and params[name] < 1:
            raise ServiceError("ValidationException", f"{name} must be at least 1.")
    recorded(call)
    starts = params.get("StartArns") or []
    walk = _Walk(call)
    if starts:
        walk.run(starts[0])
    else:
        walk.reached = {
            entity.arn: entity
            for entity in call.store(LineageStore).entities.values()
            if entity.kind in LINEAGE_TYPES
        }
    filters = params.get("Filters") or {}
    arns = [arn for arn, entity in walk.reached.items() if _passes(filters, entity)]
    edges: list[Edge] = []
    if params.get("IncludeEdges"):
        on_path = walk.towards(arns)
        arns = [arn for arn in walk.reached if arn in on_path]
        edges = [e for e in walk.edges.values() if {e.source, e.destination} <= on_path]
    page, rest = PAGER.page(params, arns)
    return {
        "Vertices": [_vertex(walk.reached[arn]) for arn in page],
        "Edges": [edge.document() for edge in _of_page(edges, arns, set(page))],
        **rest,
    }


class _Walk:
    """The entities in reach of a start, nearest first, and the associations that led to them."""

    def __init__(self, call: Call) -> None:
        self._call = call
        self._direction = call.params.get("Direction", "Both")
        self._depth = call.params.get("MaxDepth") or MAX_DEPTH
        self.reached: dict[str, Entity] = {}
        self.edges: dict[tuple[str, str], Edge] = {}
        self._before: dict[str, set[str]] = {}

    def run(self, start: str) -> None:
        """Walk from an entity; ResourceNotFound, AccessDeniedException."""
        self._call.authorise("sagemaker:QueryLineage", start)
        entity = self._entity(start)
        if entity is None:
            raise not_found(start)
        # Two walks, because the other descendants of an ancestor are in neither direction.
        ways = {"Both": ("up", "down"), "Ascendants": ("up",), "Descendants": ("down",)}
        self.reached[start] = entity
        for way in ways[self._direction]:
            self._one_way(start, way)

    def _one_way(self, start: str, way: str) -> None:
        depth = {start: 0}
        queue = deque([start])
        while queue:
            arn = queue.popleft()
            if depth[arn] == self._depth:
                continue
            for edge in store_of(self._call, arn).touching(arn):
                near, neighbour = (
                    (edge.destination, edge.source)
                    if way == "up"
                    else (edge.source, edge.destination)
                )
                if near != arn or not self._visible(neighbour):
                    continue
                self.edges[edge.source, edge.destination] = edge
                self._before.setdefault(neighbour, set()).add(arn)
                if neighbour not in depth:
                    depth[neighbour] = depth[arn] + 1
                    queue.append(neighbour)

    def _visible(self, arn: str) -> bool:
        if arn in self.reached:
            return True
        entity = self._entity(arn)
        if entity is None or not grants.allowed(
            self._call, self._call.account, "sagemaker:QueryLineage", arn
        ):
            return False
        self.reached[arn] = entity
        return True

    def _entity(self, arn: str) -> Entity | None:
        if parse_arn(arn).account not in self._call.account_ids():
            return None
        return store_of(self._call, arn).entities.get(arn)

    def towards(self, ends: list[str]) -> set[str]:
        """Return all entities on the paths from the start to the results, both included."""
        passed: set[str] = set()
        left = list(ends)
        while left:
            arn = left.pop()
            if arn not in passed:
                passed.add(arn)
                left += self._before.get(arn, ())
        return passed


def _passes(filters: dict[str, Any], entity: Entity) -> bool:
    record = entity.record
    wanted_properties = filters.get("Properties") or {}
    properties = record.get("Properties") or {}
    for field, after, before in (
        (entity.created, "CreatedAfter", "CreatedBefore"),
        (entity.modified, "ModifiedAfter", "ModifiedBefore"),
    ):
        if filters.get(after) and field < aware(filters[after]):
            return False
        if filters.get(before) and field > aware(filters[before]):
            return False
    return (
        (not filters.get("Types") or entity.type in filters["Types"])
        and (
            not filters.get("LineageTypes")
            or LINEAGE_TYPES.get(entity.kind) in filters["LineageTypes"]
        )
        and all(properties.get(name) == value for name, value in wanted_properties.items())
    )


def _vertex(entity: Entity) -> dict[str, Any]:
    vertex = {"Arn": entity.arn, "Type": entity.type}
    lineage_type = LINEAGE_TYPES.get(entity.kind)
    return vertex | ({"LineageType": lineage_type} if lineage_type else {})


def _of_page(edges: list[Edge], arns: list[str], page: set[str]) -> list[Edge]:
    """Return the edges whose later end is on this page, so that each is returned once."""
    position = {arn: number for number, arn in enumerate(arns)}
    return [e for e in edges if max((e.source, e.destination), key=position.__getitem__) in page]
