from hypothesis import given
from hypothesis import strategies as st

from causeway.lineage.graph import GraphBuilder
from causeway.lineage.picture import BOX_HEIGHT, BOX_WIDTH, LARGEST, around
from causeway.lineage.questions import Lineage
from causeway.lineage.things import Kind, Relation, Thing
from tests.causeway.lineage.world import lineage

WORLD = lineage()


def graph(count: int, edges, kind: Kind = Kind.OTHER) -> Lineage:
    builder = GraphBuilder()
    for number in range(count):
        builder.add(Thing(f"t{number}", kind, f"t{number}"))
    for source, target in edges:
        builder.link(source, target, Relation.CONTRIBUTED_TO)
    return Lineage(builder.graph())


def test_a_picture_goes_from_raw_data_to_the_endpoint() -> None:
    picture = around(WORLD, WORLD.thing("credit_risk/2"))
    columns = {box.thing.kind: box.x for box in picture.boxes}
    way = (Kind.SOURCE, Kind.FILE, Kind.INGESTION, Kind.DATASET, Kind.TRAINING, Kind.ARTIFACT)
    for before, after in zip(way, (*way[1:], Kind.VERSION), strict=True):
        assert columns[before] < columns[after], (before, after)
    assert columns[Kind.VERSION] < columns[Kind.CONFIG] < columns[Kind.ENDPOINT]
    assert picture.left_out == 0 and Kind.FEATURE not in columns
    assert [box.thing.name for box in picture.boxes if box.is_centre] == ["credit-risk/2"]
    detailed = around(WORLD, WORLD.thing("credit_risk/2"), details=True)
    assert len(detailed.boxes) == len(picture.boxes) + 3


def test_a_picture_of_a_feature_has_it() -> None:
    picture = around(WORLD, WORLD.thing("people.income"))
    assert "people.income" in [box.thing.name for box in picture.boxes]


def test_of_many_things_the_nearest_are_drawn_and_the_others_counted() -> None:
    count = 10_000
    wide = graph(count, [(0, n) for n in range(1, count)])
    picture = around(wide, wide.thing("t0"))
    assert len(picture.boxes) == LARGEST
    assert picture.left_out == count - LARGEST
    (centre,) = [box for box in picture.boxes if box.is_centre]
    assert centre.hidden == count - LARGEST


def test_few_on_one_side_leave_their_room_to_the_other() -> None:
    edges = [(n, 0) for n in range(1, 4)] + [(0, n) for n in range(4, 500)]
    one_sided = graph(500, edges)
    picture = around(one_sided, one_sided.thing("t0"))
    names = {box.thing.name for box in picture.boxes}
    assert len(names) == LARGEST and {"t1", "t2", "t3"} <= names


@given(
    st.integers(1, 40).flatmap(
        lambda n: st.tuples(
            st.just(n),
            st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=80),
        )
    )
)
def test_no_two_boxes_overlap_and_every_box_is_inside_whatever_the_graph(drawn) -> None:
    count, edges = drawn
    any_graph = graph(count, edges)
    picture = around(any_graph, any_graph.thing("t0"))
    places = [(box.x, box.y) for box in picture.boxes]
    assert len(set(places)) == len(places)
    for x, y in places:
        assert 0 <= x <= picture.width - BOX_WIDTH and 0 <= y <= picture.height - BOX_HEIGHT
        assert not any(
            (x, y) != (a, b) and abs(x - a) < BOX_WIDTH and abs(y - b) < BOX_HEIGHT
            for a, b in places
        )


def test_mermaid_takes_any_name() -> None:
    builder = GraphBuilder()
    one = builder.add(Thing("a", Kind.OTHER, 'a "quoted"]; click x'))
    builder.link(one, builder.add(Thing("b", Kind.OTHER, "b")), Relation.PRODUCED)
    odd = Lineage(builder.graph())
    assert around(odd, odd.thing("a")).mermaid() == (
        "flowchart LR\n"
        '  n0["other: a #34;quoted#34;#93;#59; click x"]\n'
        '  n1["other: b"]\n'
        "  n0 -->|Produced| n1\n"
    )
