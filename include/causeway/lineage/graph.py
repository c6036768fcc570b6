"""The graph in memory: things as numbers, their neighbours in two flat arrays for each direction.

A walk takes time by what it reaches, not by what there is. Where many things lie side by side it
takes them all in one step of numpy; along a chain, and among few, plain Python is faster.
"""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

import numpy as np

from causeway.lineage.things import Kind, Relation, Thing

#: From how many things on a step is taken with numpy.
WIDE: Final = 48
_RELATIONS: Final = tuple(Relation)
_KINDS: Final = tuple(Kind)


class Direction(Enum):
    """Which way to walk: to what a thing came of, or to what came of it."""

    UPSTREAM = "upstream"
    DOWNSTREAM = "downstream"


@dataclass(frozen=True, slots=True)
class Edge:
    """A relation from one thing to another that came of it, or belongs to it."""

    source: Thing
    relation: Relation
    target: Thing


class _Neighbours:
    """The neighbours of each thing in one direction."""

    def __init__(
        self, count: int, sources: np.ndarray, targets: np.ndarray, relations: np.ndarray
    ) -> None:
        order = np.argsort(sources, kind="stable")
        offsets = np.zeros(count + 1, dtype=np.int64)
        np.cumsum(np.bincount(sources, minlength=count), out=offsets[1:])
        self.offsets, self.targets = offsets, targets[order]
        # Reading one number of an array of Python's takes a third of what numpy takes.
        self._offsets = array("q", offsets.tobytes())
        self._targets = array("q", self.targets.tobytes())
        self._relations = relations[order].tobytes()

    def of(self, node: int) -> array[int]:
        return self._targets[self._offsets[node] : self._offsets[node + 1]]

    def related(self, node: int) -> Iterator[tuple[int, int]]:
        """Yield the neighbours of a thing, each with the number of the relation."""
        begin, end = self._offsets[node], self._offsets[node + 1]
        return zip(self._targets[begin:end], self._relations[begin:end], strict=True)

    def of_all(self, nodes: np.ndarray) -> np.ndarray:
        """Return the neighbours of many things, with repetitions."""
        begins, lengths = self.offsets[nodes], self.offsets[nodes + 1] - self.offsets[nodes]
        total = int(lengths.sum())
        ends = np.cumsum(lengths)
        positions = np.arange(total) + np.repeat(begins - ends + lengths, lengths)
        targets: np.ndarray = self.targets[positions]
        return targets


class Graph:
    """The lineage graph; it does not change."""

    def __init__(
        self,
        things: Sequence[Thing],
        numbers: Mapping[str, int],
        names: Mapping[str, Sequence[int]],
        edges: tuple[np.ndarray, np.ndarray, np.ndarray],
    ) -> None:
        self.things = things
        self._numbers, self._names = numbers, names
        sources, targets, relations = edges
        self.edge_count = len(sources)
        self._neighbours = {
            Direction.DOWNSTREAM: _Neighbours(len(things), sources, targets, relations),
            Direction.UPSTREAM: _Neighbours(len(things), targets, sources, relations),
        }
        self._kinds = np.array([_KINDS.index(thing.kind) for thing in things], dtype=np.int8)

    def __len__(self) -> int:
        return len(self.things)

    def number(self, thing_id: str) -> int | None:
        """Return the number of the thing with this id, or None."""
        return self._numbers.get(thing_id)

    def named(self, name: str) -> Sequence[int]:
        """Return the numbers of the things that go by a name, an id among them."""
        number = self._numbers.get(name)
        return [number] if number is not None else self._names.get(name, ())

    def reach(
        self, starts: Iterable[int], direction: Direction, depth: int | None = None
    ) -> np.ndarray:
        """Return what can be reached, nearest first and without the starts; never cut short.

        Args:
            starts: numbers of things.
            direction: which way.
            depth: after how many steps to end; None for no bound.
        """
        neighbours = self._neighbours[direction]
        seen = bytearray(len(self.things))
        marks = np.frombuffer(seen, dtype=np.bool_)
        frontier: Any = list(dict.fromkeys(starts))
        for start in frontier:
            seen[start] = 1
        reached: list[Any] = []
        steps = 0
        while len(frontier) and (depth is None or steps < depth):
            if len(frontier) < WIDE:
                frontier = _narrow(neighbours, frontier, seen)
            else:
                frontier = _wide(neighbours, np.asarray(frontier), marks)
            reached.append(frontier)
            steps += 1
        parts = [np.asarray(part, dtype=np.int64) for part in reached if len(part)]
        return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)

    def of_kind(self, numbers: np.ndarray, *kinds: Kind) -> list[Thing]:
        """Return those things of some kinds, in their order."""
        of_kinds = np.isin(self._kinds[numbers], [_KINDS.index(kind) for kind in kinds])
        return [self.things[number] for number in numbers[of_kinds].tolist()]

    def all_of(self, kind: Kind) -> list[Thing]:
        """Return every thing of a kind."""
        numbers = np.flatnonzero(self._kinds == _KINDS.index(kind))
        return [self.things[number] for number in numbers.tolist()]

    def near(self, number: int, direction: Direction) -> list[int]:
        """Return the direct neighbours of a thing."""
        return list(self._neighbours[direction].of(number))

    def edges(self, numbers: Iterable[int]) -> list[Edge]:
        """Return every edge between some things.

        Each is looked for from its end: a thing comes of few others, and many may come of it.
        """
        chosen, things = set(numbers), self.things
        up = self._neighbours[Direction.UPSTREAM]
        return [
            Edge(things[source], _RELATIONS[relation], things[number])
            for number in sorted(chosen)
            for source, relation in up.related(number)
            if source in chosen
        ]


def _narrow(neighbours: _Neighbours, frontier: Iterable[int], seen: bytearray) -> list[int]:
    following = []
    for node in frontier:
        for other in neighbours.of(int(node)):
            if not seen[other]:
                seen[other] = 1
                following.append(other)
    return following


def _wide(neighbours: _Neighbours, frontier: np.ndarray, marks: np.ndarray) -> np.ndarray:
    others = neighbours.of_all(frontier)
    following = np.unique(others[~marks[others]])
    marks[following] = True
    return following


class GraphBuilder:
    """Things and edges as they come, in any order and as often as they come."""

    def __init__(self) -> None:
        self._things: list[Thing] = []
        self._numbers: dict[str, int] = {}
        self._names: dict[str, dict[int, None]] = defaultdict(dict)
        self._sources, self._targets, self._relations = array("q"), array("q"), array("b")
        self._same: list[tuple[int, int]] = []

    def add(self, thing: Thing, *names: str) -> int:
        """Add a thing, with more names that it goes by, and return its number.

        What is said of it a second time is added to what was said before.
        """
        number = self._numbers.get(thing.id)
        if number is None:
            number = self._numbers[thing.id] = len(self._things)
            self._things.append(thing)
            self._names[thing.name][number] = None
        elif not thing.facts.items() <= self._things[number].facts.items():
            self._things[number] = _both(self._things[number], thing)
        for name in names:
            self._names[name][number] = None
        return number

    def name(self, number: int) -> str:
        """Return the name of a thing."""
        return self._things[number].name

    def numbered(self, name: str) -> int | None:
        """Return the one thing that goes by an id or a name, or None."""
        if name in self._numbers:
            return self._numbers[name]
        at = list(self._names[name]) if name in self._names else []
        return at[0] if len(at) == 1 else None

    def link(self, source: int, target: int, relation: Relation) -> None:
        """Say that the target came of the source, or belongs to it."""
        self._sources.append(source)
        self._targets.append(target)
        self._relations.append(_RELATIONS.index(relation))

    def same(self, number: int, other: int) -> None:
        """Say that two things are the same one, seen in two accounts (`SameAs`)."""
        self._same.append((number, other))

    def graph(self) -> Graph:
        """Return the graph: each edge once, and things that are the same one folded."""
        things, folded = list(self._things), self._folded()
        for number, root in enumerate(folded):
            if root != number:
                things[root] = _both(things[root], things[number])
        representatives = np.unique(folded) if len(folded) else folded
        renumbered = np.searchsorted(representatives, folded)
        numbers = {text: int(renumbered[n]) for text, n in self._numbers.items()}
        names = {
            name: list(dict.fromkeys(int(renumbered[n]) for n in at))
            for name, at in self._names.items()
        }
        edges = self._edges(renumbered, len(representatives))
        return Graph([things[n] for n in representatives], numbers, names, edges)

    def _folded(self) -> np.ndarray:
        """Return for each thing the first one that is the same."""
        parents = list(range(len(self._things)))

        def root(number: int) -> int:
            while parents[number] != number:
                parents[number] = parents[parents[number]]
                number = parents[number]
            return number

        for number, other in self._same:
            first, second = sorted((root(number), root(other)))
            parents[second] = first
        return np.array([root(number) for number in parents], dtype=np.int64)

    def _edges(
        self, renumbered: np.ndarray, count: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        sources = renumbered[np.frombuffer(self._sources, dtype=np.int64)]
        targets = renumbered[np.frombuffer(self._targets, dtype=np.int64)]
        relations = np.frombuffer(self._relations, dtype=np.int8)
        _, first = np.unique(sources * max(count, 1) + targets, return_index=True)
        first = first[sources[first] != targets[first]]  # what was folded points to itself
        return sources[first], targets[first], relations[first]


def _both(thing: Thing, other: Thing) -> Thing:
    facts = {name: value for name, value in other.facts.items() if value not in (None, "")}
    return replace(thing, facts={**thing.facts, **facts})
