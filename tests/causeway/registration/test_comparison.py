"""A candidate beside production and earlier versions, from what the versions carry."""

from __future__ import annotations

import json
from typing import Any

from causeway.model_cards.content import package_content
from causeway.model_cards.fields import Facts
from causeway.registration.comparison import chosen, comparison_markdown, of_candidate, of_version
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway.versions.registry import Candidate
from tests.causeway.values import CANDIDATE


def card(case: UseCase, model: ModelSpec, candidate: Candidate) -> str:
    return json.dumps(package_content(Facts(case, model, candidate)))


def test_a_version_is_read_back_as_the_candidate_was(
    case: UseCase, model: ModelSpec, make_version: Any
) -> None:
    version = make_version(
        2,
        card=card(case, model, CANDIDATE),
        image_uri=CANDIDATE.image_uri,
        metadata={
            "dataset-sha256": CANDIDATE.dataset_digest,
            "data-source": CANDIDATE.data_source,
            "synthetic-data": CANDIDATE.synthetic,
        },
    )
    after, before = of_version(version), of_candidate(CANDIDATE)
    assert after.label == "v2"
    for name in ("metrics", "gates", "dataset", "source", "artifact", "image", "parameters"):
        assert getattr(after, name) == getattr(before, name), name


def test_production_stands_first_and_then_the_newest(make_version: Any) -> None:
    versions = [make_version(number) for number in (1, 2, 3, 4, 5, 6)]
    labels = [column.label for column in chosen(versions, production=2)]
    assert labels == ["v2 (production)", "v6", "v5", "v4"]
    assert [c.label for c in chosen(versions, None, 2)] == ["v6", "v5"]
    assert chosen([], None) == ()


def test_metrics_parameters_and_data_stand_side_by_side(
    case: UseCase, model: ModelSpec, make_version: Any
) -> None:
    earlier = make_version(
        1,
        card=card(case, model, CANDIDATE),
        metadata={
            "dataset-sha256": CANDIDATE.dataset_digest,
            "data-source": CANDIDATE.data_source,
            "synthetic-data": CANDIDATE.synthetic,
        },
    )
    better = of_candidate(CANDIDATE)
    better = type(better)(**{**vars(better), "metrics": {"auc": 0.85}})
    text = comparison_markdown("credit_risk", better, chosen([earlier], 1))
    assert "against v1 (production)" in text
    assert "| auc | 0.85 (+0.05) | 0.8 |" in text
    assert "| eta | 0.1 | 0.1 |" in text
    assert "| gates | pass | pass |" in text
    assert "| dataset | dddddddddddd | dddddddddddd (the same) |" in text
    assert "| rows from | mine.csv, 9 rows | mine.csv, 9 rows |" in text
    assert "| synthetic | no | no |" in text


def test_another_dataset_is_not_called_the_same(make_version: Any) -> None:
    other = make_version(1, card="{}", metadata={"dataset-sha256": "e" * 64})
    none = make_version(2, card="{}", metadata={})
    text = comparison_markdown("m", of_candidate(CANDIDATE), [of_version(other), of_version(none)])
    assert "| dataset | dddddddddddd | eeeeeeeeeeee | - |" in text
    assert "(the same)" not in text


def test_a_first_version_is_compared_with_nothing() -> None:
    text = comparison_markdown("credit_risk", of_candidate(CANDIDATE), ())
    assert "there is no earlier version" in text
    assert "| auc | 0.8 |" in text


def test_a_version_from_outside_shows_what_little_it_carries(make_version: Any) -> None:
    for card in ("{}", "no json", "[]"):
        column = of_version(make_version(3, card=card, metadata={"validation-metrics": "{}"}))
        assert column.parameters == {}
        text = comparison_markdown("m", of_candidate(CANDIDATE), [column])
        assert "| auc | 0.8 | - |" in text


def test_what_a_version_carries_cannot_break_the_table(make_version: Any) -> None:
    nasty = make_version(
        3, card="{}", metadata={"validation-metrics": "a=7Cb=3Cscript=3E=1"}, image_uri="x|y"
    )
    text = comparison_markdown("m", of_candidate(CANDIDATE), [of_version(nasty)])
    assert "<script>" not in text
    assert "a\\|b" in text
