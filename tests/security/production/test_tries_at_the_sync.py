"""Whoever may write one version stops neither sync nor registration of another: odd texts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from causeway.topology.arns import ModelPackageArn
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import register, sync
from tests.plugins.conftest import context

METRIC = '{"name":"m","type":"number","value":1e999}'
GROUP = f'{{"name":"g","metric_data":[{METRIC}]}}'
CARDS = {
    "a number out of range": f'{{"evaluation_details":[{{"name":"e","metric_groups":[{GROUP}]}}]}}',
    "half a pair of surrogates": r'{"additional_information":{"custom_details":{"a":"\ud800"}}}',
    "endless nesting": "[" * 50_000,
    "lists in the place of objects": '{"training_details":[1],"evaluation_details":[1]}',
}
ODD: dict[str, dict[str, Any]] = {
    "a metric that is no number": {"CustomerMetadataProperties": {"validation-metrics": "auc=nan"}},
    "a metric out of range": {"CustomerMetadataProperties": {"validation-metrics": "auc=1e999"}},
    "a trainer of two lines": {"CustomerMetadataProperties": {"trained-by": "==a=0Ab"}},
    "an unknown life cycle": {"ModelLifeCycle": {"Stage": "Foo", "StageStatus": "Bar"}},
    **{
        f"a card with {what}": {
            "ModelCard": {"ModelCardStatus": "Draft", "ModelCardContent": content}
        }
        for what, content in CARDS.items()
    },
}


@pytest.fixture
def odd(shared: LocalPlatform, request: pytest.FixtureRequest) -> Iterator[str]:
    """A version that somebody has changed before the first sync saw it."""
    version = register(request.node.name).perform(context())["version_arn"]
    registry = shared.client("sagemaker", "shared_services")
    registry.update_model_package(ModelPackageArn=version, **ODD[request.param])
    yield version
    registry.delete_model_package(ModelPackageName=version)


@pytest.mark.parametrize("odd", ODD, indirect=True)
def test_an_odd_version_stops_the_promotion_of_no_other(odd: str) -> None:
    from causeway_airflow.hooks.stage_table import StageTableHook

    good = register(f"beside {odd}").perform(context())["version_arn"]
    sync()
    sync()  # what was written of the odd one can be read again
    table = StageTableHook("causeway_governance_recorder")
    assert table.state(ModelPackageArn.parse(good)).promotion is not None
    assert table.state(ModelPackageArn.parse(odd)).decisions == ()
