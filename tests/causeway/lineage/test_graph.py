from collections import deque

from hypothesis import given
from hypothesis import strategies as st

from causeway.lineage.graph import WIDE, Direction, GraphBuilder
from causeway.lineage.things import Kind, Relation, Thing

#: Small graphs with cycles, and ones where a step is wide.
EDGES = st.integers(1, 30).flatmap(
    lambda n: st.tuples(
        st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=90)
    )
)


def thing(number: int) -> Thing:
    return Thing(f"t{number}", Kind.OTHER, f"name {number}")


def built(count: int, edges: list[tuple[int, int]]) -> GraphBuilder:
    builder = GraphBuilder()
    for number in range(count):
        builder.add(thing(number))
    for source, target in edges:
        builder.link(source, target, Relation.CONTRIBUTED_TO)
    return builder


def plain(count: int, edges: list[tuple[int, int]], start: int, depth: int | None) -> set[int]:
    """Search breadth-first, as a textbook does."""
    near: dict[int, list[int]] = {n: [] for n in range(count)}
    for source, target in edges:
        near[source].append(target)
    distance, waiting = {start: 0}, deque([start])
    while waiting:
        node = waiting.popleft()
        for other in near[node]:
            if other not in distance and (depth is None or distance[node] < depth):
                distance[other] = distance[node] + 1
                waiting.append(other)
    return set(distance) - {start}


@given(EDGES, st.one_of(st.none(), st.integers(0, 12)), st.data())
def test_a_walk_reaches_what_a_plain_search_reaches(graph, depth, data) -> None:
    count, edges = graph
    start = data.draw(st.integers(0, count - 1))
    walked = built(count, edges).graph()
    down = walked.reach([start], Direction.DOWNSTREAM, depth)
    up = walked.reach([start], Direction.UPSTREAM, depth)
    assert set(down) == plain(count, edges, start, depth)
    assert set(up) == plain(count, [(b, a) for a, b in edges], start, depth)
    assert len(set(down)) == len(down) and len(set(up)) == len(up)


@given(st.integers(WIDE, 4 * WIDE), st.integers(1, 3), st.data())
def test_a_wide_walk_reaches_what_a_plain_search_reaches(width, layers, data) -> None:
    count = 1 + width * layers
    edges = [(0, 1 + n) for n in range(width)]
    for layer in range(1, layers):
        for n in range(width):
            target = data.draw(st.integers(0, width - 1))
            edges.append((1 + (layer - 1) * width + n, 1 + layer * width + target))
    edges.append((count - 1, 0))  # a cycle
    walked = built(count, edges).graph()
    for depth in (None, 1, 2, 3):
        down = walked.reach([0], Direction.DOWNSTREAM, depth)
        assert set(down) == plain(count, edges, 0, depth)
        assert len(set(down)) == len(down)


@given(EDGES)
def test_the_nearest_come_first(graph) -> None:
    count, edges = graph
    walked = built(count, edges).graph()
    everything = list(walked.reach([0], Direction.DOWNSTREAM))
    for depth in range(6):
        near = plain(count, edges, 0, depth)
        assert set(everything[: len(near)]) == near


@given(EDGES, st.lists(st.tuples(st.integers(0, 29), st.integers(0, 29)), max_size=6))
def test_things_that_are_the_same_are_folded(graph, same) -> None:
    count, edges = graph
    pairs = [(a % count, b % count) for a, b in same]
    builder = built(count, edges)
    for a, b in pairs:
        builder.same(a, b)
    walked = builder.graph()
    roots = list(range(count))
    for a, b in pairs:
        old, new = sorted((roots[a], roots[b]), reverse=True)
        roots = [new if root == old else root for root in roots]
    expected = plain(count, [(roots[a], roots[b]) for a, b in edges], roots[0], None)
    number = walked.number("t0")
    reached = {walked.things[n].id for n in walked.reach([number], Direction.DOWNSTREAM)}
    assert reached == {f"t{n}" for n in expected}
    assert walked.number(f"t{count - 1}") == walked.number(f"t{roots[count - 1]}")


def test_what_is_said_twice_is_there_once_with_all_that_was_said() -> None:
    builder = GraphBuilder()
    one = builder.add(Thing("a", Kind.DATASET, "a", {"uri": "s3://b/a"}))
    assert builder.add(Thing("a", Kind.DATASET, "a", {"rows": 3, "uri": ""}), "known as") == one
    other = builder.add(Thing("b", Kind.VERSION, "b"))
    for _ in range(3):
        builder.link(one, other, Relation.PRODUCED)
    graph = builder.graph()
    assert graph.things[0].facts == {"uri": "s3://b/a", "rows": 3}
    assert list(graph.named("known as")) == [0] == list(graph.named("a"))
    (edge,) = graph.edges([0, 1])
    assert (edge.source.id, edge.relation, edge.target.id) == ("a", Relation.PRODUCED, "b")


def test_an_empty_graph_has_nothing() -> None:
    graph = GraphBuilder().graph()
    assert len(graph) == 0 and graph.edge_count == 0
    assert graph.named("x") == () and graph.all_of(Kind.MODEL) == []


def test_a_long_chain_is_walked_to_its_end() -> None:
    count = 5_000
    graph = built(count, [(n, n + 1) for n in range(count - 1)]).graph()
    assert len(graph.reach([0], Direction.DOWNSTREAM)) == count - 1
    assert len(graph.reach([count - 1], Direction.UPSTREAM, 10)) == 10
