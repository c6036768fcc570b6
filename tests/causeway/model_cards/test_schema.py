"""A content that breaks the schema is refused before it is sent, place by place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft7Validator

from causeway.errors import BadInput
from causeway.model_cards.schema import LONGEST, checked, document
from localaws.kit.service import ServiceError
from localaws.sagemaker.model_cards.content import read as content_of_local_aws

#: Contents with what is wrong with each; the local AWS refuses them by the same schema.
BROKEN: list[tuple[dict[str, Any], str]] = [
    ({"overview": {}}, "overview"),
    ({"model_overview": {"owner": "x"}}, "model_overview"),
    ({"model_overview": {"model_artifact": ["x"] * 16}}, "model_artifact"),
    ({"model_overview": {"model_version": 0}}, "model_version"),
    ({"intended_uses": {"risk_rating": "Severe"}}, "risk_rating"),
    ({"intended_uses": {"purpose_of_model": "x" * 2049}}, "purpose_of_model"),
    ({"training_details": {"training_observations": "x" * 1025}}, "training_observations"),
    ({"training_details": {"objective_function": {"function": "Minimise"}}}, "function"),
    ({"evaluation_details": [{"datasets": []}]}, "evaluation_details/0"),
    ({"evaluation_details": [{"name": "x" * 64}]}, "evaluation_details/0/name"),
    ({"additional_information": {"custom_details": {"a": 1}}}, "custom_details/a"),
    ({"model_package_details": {"model_package_status": "Done"}}, "model_package_status"),
]


@pytest.mark.parametrize(("content", "pattern"), BROKEN)
def test_a_broken_content_is_refused_where_it_is_broken(
    content: dict[str, Any], pattern: str
) -> None:
    with pytest.raises(BadInput, match=pattern):
        checked(content)
    with pytest.raises(ServiceError, match="ValidationException"):
        content_of_local_aws(json.dumps(content))


def test_a_metric_is_of_a_known_kind() -> None:
    def card(kind: str, value: Any) -> dict[str, Any]:
        data = [{"name": "m", "type": kind, "value": value}]
        groups = [{"name": "g", "metric_data": data}]
        return {"evaluation_details": [{"name": "e", "metric_groups": groups}]}

    for kind, value in (("number", 1.5), ("matrix", [[1, 2]]), ("bar_chart", [1, 2])):
        assert checked(card(kind, value))
    with pytest.raises(BadInput, match="metric_data"):
        checked(card("pie", 1))


def test_the_package_knows_less_than_the_card() -> None:
    for content in (
        {"model_package_details": {"model_package_status": "Completed"}},
        {"model_overview": {"model_owner": "somebody"}},
    ):
        assert checked(content)
        with pytest.raises(BadInput, match=r"\(package\)"):
            checked(content, "package")
    assert checked({"model_overview": {"model_creator": "somebody"}}, "package")


def test_a_content_may_not_be_longer_than_the_service_takes() -> None:
    details = {f"key {n}": "x" * 1000 for n in range(LONGEST // 1000)}
    with pytest.raises(BadInput, match="characters"):
        checked({"additional_information": {"custom_details": details}})


def test_the_text_that_is_sent_is_the_same_for_the_same_content() -> None:
    assert checked({"business_details": {"business_problem": "a", "line_of_business": "b"}}) == (
        checked({"business_details": {"line_of_business": "b", "business_problem": "a"}})
    )


def test_the_schema_is_one() -> None:
    for kind in ("card", "package"):
        Draft7Validator.check_schema(document(kind))
