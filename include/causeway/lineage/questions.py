"""The questions that lineage answers, as a Python API.

An answer is complete or an error: nothing is cut short, and a thing that is not there is not an
empty answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import numpy as np

from causeway.errors import ConfigError, NotFound
from causeway.instants import instant, moment
from causeway.lineage.graph import Direction, Edge, Graph
from causeway.lineage.index import graph_of
from causeway.lineage.records import Record
from causeway.lineage.things import Kind, Thing, address

UP, DOWN = Direction.UPSTREAM, Direction.DOWNSTREAM
#: What a version is made of: what two versions are compared by.
COMPARED: Final = (Kind.FILE, Kind.INGESTION, Kind.FEATURE, Kind.DATASET, Kind.CODE, Kind.ARTIFACT)
#: How many candidates an error or a search names.
NAMED: Final = 20


class NotInLineage(NotFound):
    """The lineage knows no such thing."""


class Ambiguous(ConfigError):  # noqa: N818 - the name says what is the case
    """Several things go by the name."""


@dataclass(frozen=True)
class Subgraph:
    """A part of the graph: the things and every edge between them."""

    things: tuple[Thing, ...]
    edges: tuple[Edge, ...]

    def of_kind(self, kind: Kind) -> tuple[Thing, ...]:
        """Return the things of a kind."""
        return tuple(thing for thing in self.things if thing.kind is kind)

    def document(self) -> dict[str, Any]:
        """The part as JSON values."""
        return {
            "things": [thing.document() for thing in self.things],
            "edges": [
                {"source": e.source.id, "relation": e.relation.value, "target": e.target.id}
                for e in self.edges
            ],
        }


@dataclass(frozen=True)
class LiveUse:
    """An endpoint that serves a version now, since when."""

    endpoint: Thing
    version: str
    since: str


@dataclass(frozen=True)
class Prediction:
    """What answered at an endpoint at a time: the version, who let it in, all that it came of."""

    endpoint: Thing
    deployment: Thing
    version: Thing | None
    decisions: tuple[Thing, ...]
    came_of: Subgraph


@dataclass(frozen=True)
class Differences:
    """What two versions do not have in common.

    `things` are those that one of them came of alone, by kind: the first's, then the second's;
    `values` are parameters and metrics that differ.
    """

    first: Thing
    second: Thing
    things: Mapping[Kind, tuple[tuple[Thing, ...], tuple[Thing, ...]]]
    values: Mapping[str, tuple[Any, Any]]


class Lineage:
    """The questions, over one graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph

    @classmethod
    def of(cls, records: Iterable[Record]) -> Lineage:
        """Return the lineage that records amount to."""
        return cls(graph_of(records))

    # ------------------------------------------------------------------- things
    def thing(self, text: str, *kinds: Kind) -> Thing:
        """Return the thing of an id, ARN, address or name; of some kinds, where they are given.

        Raises:
            NotInLineage: there is none.
            Ambiguous: there are several; the error names them.
        """
        return self.graph.things[self._number(text, *kinds)]

    def _number(self, text: str, *kinds: Kind) -> int:
        numbers = [
            number
            for number in self._named(text)
            if not kinds or self.graph.things[number].kind in kinds
        ]
        if not numbers:
            what = " or ".join(kind.value for kind in kinds) or "thing"
            raise NotInLineage(
                f"the lineage knows no {what} {text!r}",
                next_step="Give its ARN, address or name, or search for a part of it. What was "
                "made just now, or by others, is read in by platform__lineage.",
            )
        if len(numbers) > 1:
            some = ", ".join(self.graph.things[number].id for number in numbers[:NAMED])
            raise Ambiguous(f"{len(numbers)} go by the name {text!r}: {some}", next_step="Give one")
        return numbers[0]

    def _named(self, text: str) -> tuple[int, ...]:
        return tuple(self.graph.named(text) or self.graph.named(address(text)))

    def search(self, text: str) -> list[Thing]:
        """Return the things that have a text in their name or id, models and groups first."""
        words = text.lower().split()
        hits = [
            thing
            for thing in self.graph.things
            if all(word in f"{thing.name}\n{thing.id}".lower() for word in words)
        ]
        return sorted(hits, key=lambda thing: (_RANK[thing.kind], thing.name, thing.id))

    # ----------------------------------------------------------------- features
    def feature_groups_of(self, source: str) -> list[Thing]:
        """Return the feature groups that hold data of a source: its ARN, address, or a prefix.

        Raises:
            NotInLineage: no source begins like this.
        """
        reached = self.graph.reach(self._sources(source), DOWN)
        return _sorted(self._beside(reached, Kind.INGESTION, UP, Kind.GROUP))

    def _sources(self, text: str) -> list[int]:
        exact = [n for n in self._named(text) if self.graph.things[n].kind in (_SOURCES)]
        if exact:
            return exact
        prefix = address(text) if not text.endswith("/") else f"{address(text)}/"
        sources = self.graph.all_of(Kind.SOURCE) if prefix else []
        numbers = [self._number(each.id) for each in sources if each.id.startswith(prefix)]
        if not numbers:
            raise NotInLineage(
                f"no raw data came from {text!r}",
                next_step="Give the ARN or address of a file, or what it begins with.",
            )
        return numbers

    def sources_of(self, group: str, depth: int | None = None) -> list[Thing]:
        """Return where the data of a feature group came from, to a depth of steps or to the end."""
        number = self._number(group, Kind.GROUP)
        states = [
            near
            for near in self.graph.near(number, DOWN)
            if self.graph.things[near].kind is Kind.INGESTION
        ]
        return _sorted(self.graph.of_kind(self.graph.reach(states, UP, depth), Kind.SOURCE))

    def models_using(self, text: str) -> list[Thing]:
        """Return the models of which a version was trained on a feature group, or a feature."""
        return self._downstream(text, Kind.MODEL, of=(Kind.GROUP, Kind.FEATURE))

    def versions_using(self, text: str) -> list[Thing]:
        """Return the versions that were trained on a feature group, or a feature."""
        return self._downstream(text, Kind.VERSION, of=(Kind.GROUP, Kind.FEATURE))

    def _downstream(self, text: str, kind: Kind, *, of: tuple[Kind, ...]) -> list[Thing]:
        number = self._number(text, *of)
        return _sorted(self.graph.of_kind(self.graph.reach([number], DOWN), kind))

    def feature_groups_in(self, model: str) -> list[Thing]:
        """Return the feature groups that a version, or any version of a model, was trained on."""
        return self._upstream(model, Kind.GROUP)

    def features_in(self, model: str) -> list[Thing]:
        """Return the features that a version, or any version of a model, was trained on."""
        return self._upstream(model, Kind.FEATURE)

    def _upstream(self, text: str, kind: Kind) -> list[Thing]:
        number = self._number(text, Kind.MODEL, Kind.VERSION, Kind.ARTIFACT)
        return _sorted(self.graph.of_kind(self.graph.reach([number], UP), kind))

    # ------------------------------------------------------ models and endpoints
    def whole(self, text: str) -> Subgraph:
        """Return all that a thing came of and all that came of it, with every edge between.

        A model goes by its name or its group, a version by its ARN or `<model>/<number>`, an
        artifact by its address.
        """
        number = self._number(text)
        up = self.graph.reach([number], UP).tolist()
        return self.part([number, *up, *self.after(number).tolist()])

    def after(self, number: int) -> np.ndarray:
        """Return what came of a thing; of a model, what came of its versions."""
        starts = [number]
        if self.graph.things[number].kind is Kind.MODEL:
            near = self.graph.near(number, UP)
            starts += [n for n in near if self.graph.things[n].kind is Kind.VERSION]
        return self.graph.reach(starts, DOWN)

    def part(self, numbers: Iterable[int]) -> Subgraph:
        """Return some things with every edge between them."""
        chosen = dict.fromkeys(numbers)
        things = tuple(self.graph.things[number] for number in chosen)
        return Subgraph(things, tuple(self.graph.edges(chosen)))

    def behind(self, endpoint: str, at: datetime | None = None) -> Subgraph:
        """Return what an endpoint depends on: all that came into what it serves, or served then.

        Raises:
            NotInLineage: it serves, or served, nothing.
        """
        number = self._number(endpoint, Kind.ENDPOINT)
        serving = [self._number(each.id) for each in self._serving(number, at)]
        return self.part([number, *serving, *self.graph.reach(serving, UP).tolist()])

    def produced(self, endpoint: str, at: datetime) -> Prediction:
        """Return what a prediction came of: the endpoint and the time say which version made it.

        Raises:
            NotInLineage: the endpoint served nothing then.
        """
        number = self._number(endpoint, Kind.ENDPOINT)
        deployment = self._serving(number, at)[0]
        serving = self._number(deployment.id)
        version = deployment.facts.get("version")
        came_of = self.part([serving, *self.graph.reach([serving], UP).tolist()])
        return Prediction(
            self.graph.things[number],
            deployment,
            self.thing(version, Kind.VERSION, Kind.OTHER) if version else None,
            came_of.of_kind(Kind.DECISION),
            came_of,
        )

    def _serving(self, endpoint: int, at: datetime | None) -> list[Thing]:
        """Return the deployments of an endpoint at a time, or those that go on, the latest first.

        There are two where others brought something to an endpoint of ours.
        """
        near = (self.graph.things[number] for number in self.graph.near(endpoint, UP))
        serving = [each for each in near if each.kind is Kind.DEPLOYMENT and _serves(each, at)]
        if not serving:
            when = f"at {instant(at)}" if at else "now"
            raise NotInLineage(
                f"{self.graph.things[endpoint].id} serves nothing {when}",
                next_step="Its deployments stand on its page: ask about a time within one.",
            )
        return sorted(serving, key=lambda each: str(each.facts["since"]), reverse=True)

    def dependents(self, text: str) -> list[Thing]:
        """Return everything that depends on a thing: all that came of it.

        What depends on data includes the feature groups that hold it, with their features.
        """
        number = self._number(text)
        reached = self.after(number)
        groups = self._beside(np.append(reached, number), Kind.INGESTION, UP, Kind.GROUP)
        holders = [n for group in groups for n in [self._number(group.id)] if n != number]
        features = self.graph.of_kind(self.graph.reach(holders, DOWN, 1), Kind.FEATURE)
        things = [self.graph.things[n] for n in [*reached.tolist(), *holders]]
        return _sorted({thing.id: thing for thing in [*things, *features]}.values())

    def live_endpoints(self, text: str) -> list[LiveUse]:
        """Return the endpoints that break when a thing goes: those that serve what came of it."""
        number = self._number(text)
        reached = np.append(self.after(number), number)
        uses = [
            LiveUse(
                self.thing(each.facts["endpoint"], Kind.ENDPOINT),
                str(each.facts.get("version") or ""),
                str(each.facts["since"]),
            )
            for each in self.graph.of_kind(reached, Kind.DEPLOYMENT)
            if _serves(each, None)
        ]
        return sorted(uses, key=lambda use: (use.endpoint.id, use.since))

    def differences(self, first: str, second: str) -> Differences:
        """Return in what two versions differ: data, code, features, parameters and metrics."""
        versions = [self._number(text, Kind.VERSION) for text in (first, second)]
        reached = [self.graph.reach([version], UP) for version in versions]
        things = {}
        for kind in COMPARED:
            sides = [{t.id: t for t in self.graph.of_kind(part, kind)} for part in reached]
            alone = [
                tuple(_sorted(t for t in side.values() if t.id not in other))
                for side, other in (sides, reversed(sides))
            ]
            if any(alone):
                things[kind] = (alone[0], alone[1])
        one, other = (self.graph.things[version] for version in versions)
        return Differences(one, other, things, _unlike(one.facts, other.facts))

    def _beside(
        self, numbers: np.ndarray, kind: Kind, direction: Direction, wanted: Kind
    ) -> list[Thing]:
        """Return the direct neighbours of a kind of those things that are of another."""
        of_kind = [self._number(thing.id) for thing in self.graph.of_kind(numbers, kind)]
        beside = self.graph.reach(of_kind, direction, 1) if of_kind else np.zeros(0, np.int64)
        return self.graph.of_kind(beside, wanted)


_SOURCES: Final = (Kind.SOURCE, Kind.FILE)
#: What a search shows first.
_FIRST: Final = (Kind.MODEL, Kind.ENDPOINT, Kind.GROUP, Kind.SOURCE, Kind.VERSION, Kind.FEATURE)
_RANK: Final = {kind: n for n, kind in enumerate([*_FIRST, *(k for k in Kind if k not in _FIRST)])}


def _sorted(things: Iterable[Thing]) -> list[Thing]:
    return sorted(things, key=lambda thing: (thing.kind.value, thing.name, thing.id))


def _serves(deployment: Thing, at: datetime | None) -> bool:
    since, until = deployment.facts["since"], deployment.facts.get("until")
    if at is None:
        return until is None
    return moment(since) <= at and (until is None or at < moment(until))


def _unlike(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    unlike = {}
    for part in ("parameters", "metrics"):
        ours, theirs = first.get(part) or {}, second.get(part) or {}
        for name in sorted({*ours, *theirs}):
            if ours.get(name) != theirs.get(name):
                unlike[f"{part}.{name}"] = (ours.get(name), theirs.get(name))
    if first.get("image") != second.get("image"):
        unlike["image"] = (first.get("image"), second.get("image"))
    return unlike
