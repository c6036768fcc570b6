"""Where the rows of a dataset come from: what the latest ingestion of each of its groups says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from causeway.features.health import writes
from causeway.features.origins import Origin, Synthetic
from causeway_airflow.configuration import case_and_model
from tests.local_platform import LocalPlatform
from tests.plugins.operators.test_feature_health import SUMMARY


def test_a_dataset_comes_from_the_files_of_its_groups_and_is_as_real_as_the_least_of_them(
    platform: LocalPlatform,
) -> None:
    from causeway_airflow.hooks.governance import GovernanceHook
    from causeway_airflow.tasks.origins import origin_of_dataset, origin_of_group

    def hook(kind: Any, role: Any = None, duty: Any = None) -> Any:
        return kind("causeway_governance_recorder")

    case, model = case_and_model("credit_risk", "credit_risk")
    groups = tuple(
        group.model_copy(update={"name": f"origin-{number}"})
        for number, group in enumerate(case.feature_groups)
    )
    case = case.model_copy(update={"feature_groups": groups})
    table = GovernanceHook("causeway_governance_recorder")
    origin = Origin("mine.csv", "a" * 64, 9, Synthetic.NO)
    for group, kind in zip(groups, (Synthetic.NO, Synthetic.PARTLY), strict=False):
        for write in writes(replace(SUMMARY, group=group.name, origin=origin, synthetic=kind)):
            table.apply(write)
    of_dataset = origin_of_dataset(hook, case, model)
    assert of_dataset.sources == ("mine.csv, 9 rows, SHA-256 aaaaaaaaaaaa",)
    assert of_dataset.synthetic is Synthetic.PARTLY
    assert origin_of_group(hook, groups[2].name) is None
    for write in writes(replace(SUMMARY, group=groups[1].name, origin=origin)):
        table.apply(write)
    assert origin_of_dataset(hook, case, model).synthetic is Synthetic.UNKNOWN
