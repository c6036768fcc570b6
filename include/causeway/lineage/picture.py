"""A part of the graph to look at: chosen around a thing, laid out in columns, or as Mermaid.

What is drawn is bounded; how much is left out at each thing is said there, and a click goes on from
it. Answers are never taken from a picture.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from causeway.lineage.graph import Direction, Edge
from causeway.lineage.questions import Lineage
from causeway.lineage.things import Kind, Relation, Thing

#: How many things are drawn at the most.
LARGEST: Final = 200
#: Left out of a picture unless it is of one: each dataset has dozens.
DETAILS: Final = (Kind.FEATURE,)

BOX_WIDTH, BOX_HEIGHT = 168, 40
COLUMN_GAP, ROW_GAP = 44, 14
MARGIN: Final = 12
#: How often rows are sorted by their neighbours' places.
SWEEPS: Final = 6


@dataclass(frozen=True)
class Box:
    """A thing in its place, and how many of its neighbours are not drawn."""

    thing: Thing
    x: int
    y: int
    hidden: int
    is_centre: bool


@dataclass(frozen=True)
class Line:
    """An edge as a curve."""

    edge: Edge
    path: str


@dataclass(frozen=True)
class Picture:
    """A part of the graph, laid out; `left_out` is how many things of the whole are not drawn."""

    centre: Thing
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    width: int
    height: int
    left_out: int

    def mermaid(self) -> str:
        """The picture as a Mermaid flow chart."""
        names = {box.thing.id: f"n{number}" for number, box in enumerate(self.boxes)}
        lines = ["flowchart LR"]
        lines += [
            f'  {names[b.thing.id]}["{_escaped(b.thing.kind.value)}: {_escaped(b.thing.name)}"]'
            for b in self.boxes
        ]
        lines += [
            f"  {names[e.source.id]} -->|{e.relation.value}| {names[e.target.id]}"
            for e in (line.edge for line in self.lines)
        ]
        return "\n".join(lines) + "\n"


def around(lineage: Lineage, thing: Thing, *, details: bool = False) -> Picture:
    """Return a picture around a thing: what it came of, and what came of it, nearest first."""
    graph = lineage.graph
    centre = graph.number(thing.id)
    assert centre is not None
    reach = {
        Direction.UPSTREAM: graph.reach([centre], Direction.UPSTREAM),
        Direction.DOWNSTREAM: lineage.after(centre),
    }
    sides = {
        way: [
            number
            for number in numbers.tolist()
            if details or thing.kind in DETAILS or graph.things[number].kind not in DETAILS
        ]
        for way, numbers in reach.items()
    }
    reached = {way: set(numbers) for way, numbers in sides.items()}
    drawn = _nearest(sides[Direction.UPSTREAM], sides[Direction.DOWNSTREAM])
    chosen = {centre, *drawn}
    hidden = {}
    for number in chosen:
        ways = [way for way in Direction if number == centre or number in reached[way]]
        beside = {other for way in ways for other in graph.near(number, way)}
        hidden[graph.things[number].id] = len(
            {n for n in beside - chosen if details or graph.things[n].kind not in DETAILS}
        )
    things = [graph.things[number] for number in sorted(chosen)]
    edges = graph.edges(chosen)
    whole = len(set().union(*reached.values()))
    return _laid_out(thing, things, edges, hidden, whole - len(drawn))


def _nearest(up: Sequence[int], down: Sequence[int]) -> list[int]:
    """Return the nearest of both sides; where one has few, the other has the rest of the room."""
    room = LARGEST - 1
    share = max(room // 2, room - len(down))
    before = list(up[:share])
    return list(dict.fromkeys([*before, *down[: room - len(before)]]))[:room]


def _laid_out(
    centre: Thing,
    things: Sequence[Thing],
    edges: Sequence[Edge],
    hidden: Mapping[str, int],
    left_out: int,
) -> Picture:
    columns = _columns(things, edges)
    rows = _rows(columns, edges)
    step = BOX_HEIGHT + ROW_GAP
    tallest = max(len(column) for column in columns)
    places: dict[str, tuple[int, int]] = {}
    for number, column in enumerate(rows):
        top = MARGIN + (tallest - len(column)) * step // 2
        for row, thing_id in enumerate(column):
            places[thing_id] = (
                MARGIN + number * (BOX_WIDTH + COLUMN_GAP),
                top + row * step,
            )
    boxes = tuple(
        Box(each, *places[each.id], hidden[each.id], each.id == centre.id) for each in things
    )
    lines = tuple(
        Line(edge, _curve(places[edge.source.id], places[edge.target.id])) for edge in edges
    )
    return Picture(
        centre,
        boxes,
        lines,
        width=2 * MARGIN + len(columns) * (BOX_WIDTH + COLUMN_GAP) - COLUMN_GAP,
        height=2 * MARGIN + tallest * step - ROW_GAP,
        left_out=left_out,
    )


def _columns(things: Sequence[Thing], edges: Sequence[Edge]) -> list[list[str]]:
    """Return the things by column: each right of all that it came of.

    One ingestion after the other stays in a column. What is in a circle goes where its first
    neighbour lets it.
    """
    after: dict[str, list[str]] = defaultdict(list)
    waiting = {thing.id: 0 for thing in things}
    for edge in edges:
        if edge.relation is not Relation.DERIVED_FROM:
            after[edge.source.id].append(edge.target.id)
            waiting[edge.target.id] += 1
    column = dict.fromkeys(waiting, 0)
    ready = [thing_id for thing_id, count in waiting.items() if count == 0]
    left = set(waiting)
    while left:
        if not ready:  # a circle: it is cut where the fewest edges are in the way
            ready = [min(left, key=lambda thing_id: (waiting[thing_id], thing_id))]
        thing_id = ready.pop()
        if thing_id not in left:
            continue
        left.discard(thing_id)
        for other in after[thing_id]:
            if other in left:
                column[other] = max(column[other], column[thing_id] + 1)
                waiting[other] -= 1
                if waiting[other] == 0:
                    ready.append(other)
    _close_up(column, edges)
    used = sorted(set(column.values()))
    return [[t.id for t in things if column[t.id] == number] for number in used]


def _close_up(column: dict[str, int], edges: Sequence[Edge]) -> None:
    """Move what nothing comes before to the column left of what came of it."""
    ends = {edge.target.id for edge in edges}
    for thing_id in column:
        if thing_id not in ends:
            following = [column[e.target.id] for e in edges if e.source.id == thing_id]
            column[thing_id] = max(0, min(following) - 1) if following else 0


def _rows(columns: Sequence[Sequence[str]], edges: Sequence[Edge]) -> list[list[str]]:
    """Return the columns with things near their neighbours' heights, so that few lines cross."""
    beside: dict[str, list[str]] = defaultdict(list)
    for edge in edges:
        beside[edge.source.id].append(edge.target.id)
        beside[edge.target.id].append(edge.source.id)
    rows = [list(column) for column in columns]
    for sweep in range(SWEEPS):
        height = {
            thing_id: (row + 0.5) / len(column)
            for column in rows
            for row, thing_id in enumerate(column)
        }
        for column in rows if sweep % 2 == 0 else reversed(rows):
            column.sort(key=lambda each: (_mean(height, beside[each], height[each]), each))
            height |= {each: (row + 0.5) / len(column) for row, each in enumerate(column)}
    return rows


def _mean(height: Mapping[str, float], ids: Collection[str], alone: float) -> float:
    return sum(height[each] for each in ids) / len(ids) if ids else alone


def _curve(source: tuple[int, int], target: tuple[int, int]) -> str:
    """Return the path of an edge: from the right of a box to the left of another."""
    (x1, y1), (x2, y2) = source, target
    x1, y1, y2 = x1 + BOX_WIDTH, y1 + BOX_HEIGHT // 2, y2 + BOX_HEIGHT // 2
    if x2 > x1:
        middle = (x1 + x2) // 2
        return f"M{x1} {y1}C{middle} {y1} {middle} {y2} {x2} {y2}"
    x2 += BOX_WIDTH  # in a column, or back: around the right sides
    out = max(x1, x2) + COLUMN_GAP // 2
    return f"M{x1} {y1}C{out} {y1} {out} {y2} {x2} {y2}"


def _escaped(text: str) -> str:
    """Return a text as Mermaid takes it in quotes: entities by their number."""
    return "".join(c if c.isalnum() or c in " -_./:@" else f"#{ord(c)};" for c in text)
