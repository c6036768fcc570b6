"""Who may find what, and what a hit says about access."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from causeway.features.discovery import Access, DiscoveryContext, Hit, Question, answer, table
from causeway.topology.accounts import Topology
from causeway.use_cases.use_case import UseCase
from tests.causeway.values import DATA_SCIENCE as CONSUMER

AT = datetime(2026, 3, 1, tzinfo=UTC)


def arn(name: str, account: str = "111111111111") -> str:
    return f"arn:aws:sagemaker:eu-central-1:{account}:feature-group/{name}"


def group(name: str, *features: str, account: str = "111111111111", **more: Any) -> dict[str, Any]:
    return {
        "FeatureGroupArn": arn(name, account),
        "FeatureGroupName": name,
        "Description": f"about {name}",
        "FeatureDefinitions": [{"FeatureName": f, "FeatureType": "Integral"} for f in features],
        "CreationTime": AT,
        **more,
    }


def feature(name: str, of: str, **more: Any) -> dict[str, Any]:
    return {
        "FeatureGroupArn": arn(of),
        "FeatureName": name,
        "FeatureType": "Fractional",
        **more,
    }


GROUPS = (
    group("loans", "amount", "duration"),
    group("people", "age", "housing"),
    group("mine", "age", account=CONSUMER, Tags=[{"Key": "domain", "Value": "lab"}]),
)
FEATURES = (
    feature("amount", "loans", Description="what is asked for in DM"),
    feature(
        "age",
        "people",
        Parameters=[
            {"Key": "unit", "Value": "years"},
            {"Key": "tags", "Value": "personal protected"},
            {"Key": "owner", "Value": "census-team"},
        ],
    ),
)


@pytest.fixture
def context(topology: Topology) -> DiscoveryContext:
    return DiscoveryContext(
        topology, CONSUMER, frozenset({arn("loans")}), consumers={arn("loans"): (CONSUMER,)}
    )


def names(hits: tuple[Hit, ...]) -> list[str]:
    return [hit.name for hit in hits]


def test_without_a_question_everything_that_can_be_found_is_an_answer(
    context: DiscoveryContext,
) -> None:
    assert names(answer(Question(), GROUPS, FEATURES, context)) == ["loans", "people", "mine"]


@pytest.mark.parametrize(
    ("question", "features"),
    [
        (Question("LOAN"), {"loans": ["amount", "duration"]}),
        (Question("asked for"), {"loans": ["amount"]}),
        (Question("years"), {"people": ["age"]}),
        (Question("age"), {"people": ["age"], "mine": ["age"]}),
        (Question(type="Fractional"), {"loans": ["amount"], "people": ["age"]}),
        (Question(tag="domain"), {"mine": ["age"]}),
        (Question(tag="domain=lab"), {"mine": ["age"]}),
        (Question(tag="domain=shop"), {}),
        (Question(tag="personal"), {"people": ["age"]}),
        (Question(tag="person"), {}),
        (Question(owner="census"), {"people": ["age", "housing"]}),
        (Question(owner="census", type="fractional"), {"people": ["age"]}),
        (Question("nothing of the kind"), {}),
    ],
)
def test_a_hit_lists_the_features_that_answer(
    context: DiscoveryContext, question: Question, features: dict[str, list[str]]
) -> None:
    hits = answer(question, GROUPS, FEATURES, context)
    assert {hit.name: [f.name for f in hit.features] for hit in hits} == features


def test_a_hit_says_what_the_account_may_do_and_whom_to_ask(context: DiscoveryContext) -> None:
    hits = {hit.name: hit for hit in answer(Question(), GROUPS, FEATURES, context)}
    assert {name: hit.access for name, hit in hits.items()} == {
        "loans": Access.SHARED,
        "people": Access.DISCOVERABLE,
        "mine": Access.OWN,
    }
    assert hits["people"].document()["access_text"] == (
        "discoverable, not shared: ask census-team for a grant on people (account role data)"
    )
    assert hits["loans"].access_text == "shared"
    assert hits["loans"].ask == ""
    assert hits["loans"].consumers == (CONSUMER,)


def test_owner_and_tags_come_from_the_contract_of_this_project(
    case: UseCase, context: DiscoveryContext, topology: Topology
) -> None:
    contract = case.feature_groups[0]
    record = group(contract.name, *contract.feature_names)
    mine = DiscoveryContext(
        topology,
        CONSUMER,
        contracts={arn(contract.name): contract},
        owners={arn(contract.name): case.owner},
    )
    (hit,) = answer(Question(owner=case.owner.upper()), [record], (), mine)
    assert (hit.owner, hit.tags) == (case.owner, contract.tags)
    assert answer(Question(owner="somebody else"), [record], (), mine) == ()


def test_the_last_ingestion_is_the_freshness_where_it_is_known(topology: Topology) -> None:
    later = datetime(2026, 3, 2, tzinfo=UTC)
    knowing = DiscoveryContext(topology, CONSUMER, ingested={arn("loans"): later})
    hits = answer(Question(), GROUPS, FEATURES, knowing)
    assert {hit.name: hit.updated[:10] for hit in hits} == {
        "loans": "2026-03-02",
        "people": "2026-03-01",
        "mine": "2026-03-01",
    }


@pytest.mark.parametrize(
    ("hours", "age", "stale"), [(24.0, 23, False), (24.0, 25, True), (None, 99, None)]
)
def test_a_hit_says_whether_it_is_stale(
    case: UseCase, topology: Topology, hours: float | None, age: int, stale: bool | None
) -> None:
    contract = case.feature_groups[0].model_copy(update={"fresh_hours": hours})
    group_arn = arn(contract.name)
    knowing = DiscoveryContext(
        *(topology, CONSUMER),
        contracts={group_arn: contract},
        ingested={group_arn: AT},
        now=AT + timedelta(hours=age),
    )
    (hit,) = answer(Question(), [group(contract.name, "age")], (), knowing)
    assert hit.stale is stale
    assert ("(stale)" in table([hit])) is bool(stale)


def test_the_table_ends_with_whom_to_ask(context: DiscoveryContext) -> None:
    lines = table(answer(Question(), GROUPS, FEATURES, context)).splitlines()
    assert lines[0].split() == [
        "feature",
        "group",
        "account",
        "owner",
        "updated",
        "access",
        "consumers",
        "features",
    ]
    assert len(lines) == 6
    assert lines[2].split()[-4:] == ["shared", CONSUMER, "amount,", "duration"]
    assert lines[-1].startswith("discoverable, not shared: ask census-team for a grant on people")
    assert table(()) == "no feature group answers the question"
