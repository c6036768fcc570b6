import random
from dataclasses import replace

import pytest

from causeway.instants import moment
from causeway.lineage.questions import Ambiguous, Lineage, NotInLineage
from causeway.lineage.records import Observed
from causeway.lineage.things import Kind
from tests.causeway.lineage.world import (
    LOANS,
    PEOPLE,
    PROD,
    RAW,
    TEST,
    arn_of,
    dataset,
    day,
    deployed,
    endpoint_arn,
    group,
    ingested,
    lineage,
    records,
    version,
)

WORLD = lineage()


def names(things) -> list[str]:
    return [thing.name for thing in things]


@pytest.mark.parametrize(
    ("source", "groups"),
    [
        (f"{RAW}/people-1.csv", ["people"]),
        ("arn:aws:s3:::landing/2026/people-2.csv", ["people"]),
        (f"{RAW}/", ["loans", "people"]),
        ("s3://landing/20*", ["loans", "people"]),
        ("arn:aws:s3:::landing/2026/loans", ["loans"]),
    ],
)
def test_feature_groups_are_named_by_source_arn_or_prefix(source, groups) -> None:
    assert names(WORLD.feature_groups_of(source)) == groups


def test_a_folder_is_no_prefix_of_its_neighbour() -> None:
    with pytest.raises(NotInLineage, match="no raw data came from"):
        WORLD.feature_groups_of("s3://landing/20/")


def test_the_sources_of_a_group_are_those_of_all_its_ingestions() -> None:
    assert names(WORLD.sources_of("people")) == ["people-1.csv", "people-2.csv"]
    assert names(WORLD.sources_of(LOANS)) == ["loans-1.csv"]
    assert WORLD.sources_of("people", depth=2) == []
    assert len(WORLD.sources_of("people", depth=3)) == 2


def test_models_are_found_by_group_and_by_single_feature() -> None:
    assert names(WORLD.models_using("people")) == ["credit_risk", "fraud"]
    assert names(WORLD.models_using("loans")) == ["credit_risk"]
    assert names(WORLD.models_using("people.age")) == ["credit_risk"]
    assert names(WORLD.models_using("people.income")) == ["credit_risk", "fraud"]
    assert names(WORLD.versions_using("people.income")) == ["credit-risk/2", "fraud/1"]
    assert WORLD.models_using("loans.age") == []


def test_groups_and_features_of_models_and_versions() -> None:
    assert names(WORLD.feature_groups_in("credit_risk")) == ["loans", "people"]
    assert names(WORLD.feature_groups_in("fraud")) == ["people"]
    assert names(WORLD.features_in("credit_risk/1")) == ["loans.amount", "people.age"]
    assert names(WORLD.features_in(arn_of("credit-risk", 2))) == [
        *("loans.amount", "people.age", "people.income"),
    ]


def test_a_version_comes_of_the_files_alone_that_were_there_when_its_dataset_was_built() -> None:
    first = WORLD.whole("credit_risk/1")
    assert sorted(names(first.of_kind(Kind.SOURCE))) == ["loans-1.csv", "people-1.csv"]
    second = WORLD.whole("credit_risk/2")
    assert len(second.of_kind(Kind.SOURCE)) == 3


@pytest.mark.parametrize(
    "name",
    [
        "credit_risk/1",
        "credit-risk/1",
        arn_of("credit-risk", 1),
        "s3://causeway-shared-services-333333333333-eu-central-1/models/credit-risk-1/model.tar.gz",
    ],
)
def test_the_whole_way_has_no_gap(name) -> None:
    part = WORLD.whole(name)
    every = set(Kind) - {Kind.OTHER}
    assert {thing.kind for thing in part.things} == every
    linked = {end.id for edge in part.edges for end in (edge.source, edge.target)}
    assert linked == {thing.id for thing in part.things}


def test_the_whole_of_a_model_is_that_of_its_versions() -> None:
    part = WORLD.whole("credit_risk")
    assert names(part.of_kind(Kind.VERSION)) == ["credit-risk/1", "credit-risk/2"]
    assert names(part.of_kind(Kind.ENDPOINT)) == ["credit-risk", "credit-risk"]
    assert len(part.of_kind(Kind.SOURCE)) == 3


def test_an_endpoint_depends_on_what_it_serves() -> None:
    now = WORLD.behind("prod/credit-risk")
    assert names(now.of_kind(Kind.VERSION)) == ["credit-risk/2"]
    assert len(now.of_kind(Kind.SOURCE)) == 3
    then = WORLD.behind(endpoint_arn("credit-risk"), moment(day(7)))
    assert names(then.of_kind(Kind.VERSION)) == ["credit-risk/1"]
    assert len(then.of_kind(Kind.SOURCE)) == 2


def test_endpoints_that_break_are_those_that_are_live() -> None:
    def endpoints(thing: str) -> list[str]:
        return [use.endpoint.name for use in WORLD.live_endpoints(thing)]

    assert endpoints("people.income") == ["credit-risk", "shadow"]
    # The first version is in production no more, but somebody serves its artifact.
    assert endpoints(arn_of("credit-risk", 1)) == []
    assert endpoints("loans.amount") == ["copied", "credit-risk"]
    assert endpoints(f"{RAW}/people-2.csv") == ["credit-risk", "shadow"]
    assert endpoints("loans.age") == []
    assert endpoints("credit_risk") == ["credit-risk"]
    assert endpoints("fraud") == ["shadow"]


def test_a_prediction_is_traced_to_version_data_and_decisions() -> None:
    made = WORLD.produced("prod/credit-risk", moment(day(7)))
    assert made.version is not None and made.version.name == "credit-risk/1"
    assert [d.facts["person"] for d in made.decisions] == ["officer"]
    assert made.decisions[0].facts["stage"] == "production"
    assert len(made.came_of.of_kind(Kind.SOURCE)) == 2
    after = WORLD.produced("prod/credit-risk", moment(day(9)))
    assert after.version is not None and after.version.name == "credit-risk/2"


@pytest.mark.parametrize(("account", "on"), [("prod", 5), ("test", 3), ("test", 6)])
def test_an_endpoint_that_served_nothing_made_no_prediction(account, on) -> None:
    with pytest.raises(NotInLineage, match="serves nothing at"):
        WORLD.produced(f"{account}/credit-risk", moment(day(on)))


def test_a_name_of_several_things_is_asked_about() -> None:
    with pytest.raises(Ambiguous, match=f"{TEST}.*{PROD}|{PROD}.*{TEST}"):
        WORLD.behind("credit-risk")
    with pytest.raises(NotInLineage, match="no model"):
        WORLD.features_in("nobody")


def test_what_depends_on_data_includes_the_groups_that_hold_it() -> None:
    kinds = {thing.kind for thing in WORLD.dependents(f"{RAW}/people-1.csv")}
    assert {Kind.GROUP, Kind.FEATURE, Kind.VERSION, Kind.ENDPOINT} <= kinds
    things = names(WORLD.dependents("people.income"))
    assert "fraud/1" in things and "credit-risk/1" not in things and "people" not in things
    of_group = WORLD.dependents("loans")
    assert LOANS not in [thing.id for thing in of_group]


def test_differences_of_two_versions() -> None:
    unlike = WORLD.differences("credit_risk/1", "credit_risk/2")
    assert names(unlike.things[Kind.FEATURE][0]) == []
    assert names(unlike.things[Kind.FEATURE][1]) == ["people.income"]
    assert names(unlike.things[Kind.INGESTION][1]) == ["people 2026-03-05T12:05"]
    assert Kind.CODE not in unlike.things
    assert unlike.values == {"parameters.depth": ("3", "4")}
    same = WORLD.differences("credit_risk/1", "credit_risk/1")
    assert not same.things and not same.values


def test_five_models_that_share_a_feature_group_are_all_there() -> None:
    shared = [group(PEOPLE, "age"), ingested(PEOPLE, "people.csv", 1)]
    for number in range(5):
        digit = str(number)
        shared += [
            dataset(digit, 2, people=("age",)),
            version(f"model-{number}", 1, digit, 3),
            deployed(f"model-{number}", 1, 1, 4),
        ]
    world = Lineage.of(shared)
    assert names(world.models_using("people")) == [f"model_{n}" for n in range(5)]
    assert len(world.live_endpoints("people.age")) == 5


def test_a_file_of_the_inbox_is_its_use_case_s_alone() -> None:
    one, other = ingested(PEOPLE, "a.csv", 1), ingested(LOANS, "b.csv", 1)
    world = Lineage.of(
        [replace(one, source="rows.csv"), replace(other, source="rows.csv", use_case="other")]
    )
    assert names(world.sources_of("people")) == ["rows.csv"] == names(world.sources_of("loans"))
    assert names(world.feature_groups_of("other:rows.csv")) == ["loans"]
    assert names(world.feature_groups_of("rows.csv")) == ["loans", "people"]


def test_what_went_to_the_online_store_alone_is_in_no_dataset() -> None:
    online = replace(ingested(PEOPLE, "online.csv", 2), stores="online")
    world = Lineage.of([*records(), online])
    first = world.whole("credit_risk/1")
    assert "online.csv" not in names(first.of_kind(Kind.SOURCE))
    assert "online.csv" in names(world.sources_of("people"))


def test_a_clock_that_is_ahead_hides_no_ingestion() -> None:
    late = dataset("9", 1, people=("age",))
    seconds = replace(late, snapshot=late.snapshot.replace("12:00:00", "11:59:30"))
    world = Lineage.of([ingested(PEOPLE, "people.csv", 1), seconds, version("m", 1, "9", 2)])
    assert names(world.whole("m/1").of_kind(Kind.SOURCE)) == ["people.csv"]


def test_the_order_of_the_records_does_not_count() -> None:
    documents = []
    for seed in range(3):
        shuffled = [*records(), *records()]
        random.Random(seed).shuffle(shuffled)
        part = Lineage.of(shuffled).whole("credit_risk/2").document()
        edges = sorted(tuple(edge.values()) for edge in part["edges"])
        documents.append((sorted(map(str, part["things"])), edges))
    assert documents[0][1] == documents[1][1] == documents[2][1]
    assert len(documents[0][0]) == len(documents[1][0])


def test_search_names_things_by_parts_of_their_names() -> None:
    assert names(WORLD.search("credit risk"))[:1] == ["credit_risk"]
    assert names(WORLD.search("INCOME")) == ["people.income"]
    assert WORLD.search("nothing of it") == []


def test_a_package_without_versions_that_others_serve_is_in_the_graph() -> None:
    package = "arn:aws:sagemaker:eu-central-1:865070037744:model-package/marketplace-model-1"
    theirs = replace(
        next(record for record in records() if isinstance(record, Observed)),
        endpoint=endpoint_arn("theirs"),
        versions=(package,),
        artifacts=(),
    )
    world = Lineage.of([*records(), theirs])
    assert world.thing(package).kind is Kind.OTHER
    assert [each.id for each in world.behind("theirs").of_kind(Kind.OTHER)] == [package]
    made = world.produced("theirs", moment(day(20)))
    assert made.version is not None and made.version.id == package
