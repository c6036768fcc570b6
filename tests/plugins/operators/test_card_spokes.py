"""Accounts that keep model cards of their own, when the topology says so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack import layout
from tests.local_platform import LocalPlatform

TRAINER = "causeway_data_science_trainer"


@pytest.fixture
def declared(
    platform: LocalPlatform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[LocalPlatform]:
    """The platform with a spoke in the data science account; its stack as before afterwards."""
    topology = tmp_path / "topology.yaml"
    topology.write_text(layout.TOPOLOGY.read_text() + "\nmodel_cards:\n  spokes: [data_science]\n")
    with monkeypatch.context() as patch:
        patch.setenv("CAUSEWAY_TOPOLOGY", str(topology))
        changed = platform.deploy("data_science", topology=topology)
        assert changed == ["causeway-data-science-guards"]
        yield platform
    platform.deploy("data_science")


def test_by_default_no_account_but_shared_services_keeps_cards(platform: LocalPlatform) -> None:
    from causeway_airflow.hooks.base import AwsCallError
    from causeway_airflow.hooks.model_cards import ModelCardsHook

    with pytest.raises(AwsCallError, match="DescribeModelCard"):
        ModelCardsHook(TRAINER).find("credit-risk")


def test_the_central_card_follows_what_people_wrote_on_a_spokes(declared: LocalPlatform) -> None:
    from causeway_airflow.hooks.model_cards import ModelCardsHook
    from causeway_airflow.operators.model_cards import AggregateCardsOperator

    aggregate = AggregateCardsOperator(task_id="aggregate")
    aggregate.perform({})
    assert aggregate.perform({}) == []
    hub = ModelCardsHook("causeway_shared_services_registry_owner")
    account = declared.client("sagemaker", "data_science")
    card = account.describe_model_card(ModelCardName="california-housing")
    assert card["ModelCardStatus"] == "Draft"
    content = json.loads(card["Content"])
    content["intended_uses"]["factors_affecting_model_efficiency"] = "Prices of one census."
    account.update_model_card(ModelCardName="california-housing", Content=json.dumps(content))

    planned = AggregateCardsOperator(task_id="plan", only_plan="True").execute({})
    assert planned == aggregate.perform({}) == ["california-housing"]
    found = hub.find("california-housing")
    assert found is not None
    words = found.content["intended_uses"]["factors_affecting_model_efficiency"]
    assert words == "Prices of one census."
    assert aggregate.perform({}) == []
