"""What lies around the accounts: enough, short, or nobody shows it."""

from __future__ import annotations

from causeway.access.surroundings import (
    State,
    instances_needed,
    judge_image,
    judge_organisation,
    judge_quotas,
)
from causeway.topology.account_roles import AccountRole

SCIENCE = AccountRole.DATA_SCIENCE


def test_candidates_that_train_side_by_side_need_as_many_instances(case) -> None:
    assert instances_needed(SCIENCE, [case]) == {
        "ml.m5.large for training job usage": case.models[0].training.count,
        "ml.m5.large for processing job usage": 1,
    }
    assert instances_needed(AccountRole.DATA, [case]) == {"ml.m5.large for processing job usage": 1}


def test_every_model_has_its_endpoint(case) -> None:
    needed = instances_needed(AccountRole.PROD, [case, case])
    assert needed == {"ml.m5.large for endpoint usage": 2}


def test_a_quota_below_the_need_is_short_and_one_that_nobody_shows_is_no_fault() -> None:
    needed = {"a": 4, "b": 1, "c": 2}
    states = [s.state for s in judge_quotas(SCIENCE, needed, {"a": 3.0, "b": 1.0})]
    assert states == [State.SHORT, State.ENOUGH, State.UNSEEN]
    assert {s.state for s in judge_quotas(SCIENCE, needed, None)} == {State.UNSEEN}


def test_a_tag_that_stands_for_another_image_is_told() -> None:
    moved = judge_image(SCIENCE, "r/i:1", "sha256:a", "sha256:b")
    assert str(moved) == (
        "data_science: r/i:1: short (its digest is sha256:b, declared is sha256:a)"
    )
    assert judge_image(SCIENCE, "r/i:1", "sha256:a", "sha256:a").state is State.ENOUGH
    assert judge_image(SCIENCE, "r/i:1", None, "sha256:a").state is State.ENOUGH
    assert judge_image(SCIENCE, "r/i:1", "sha256:a", None).state is State.UNSEEN


def test_what_the_organisation_denies_is_short() -> None:
    answers = (True, False, None)
    states = [judge_organisation(SCIENCE, "sagemaker:X", answer).state for answer in answers]
    assert states == [State.ENOUGH, State.SHORT, State.UNSEEN]
