"""The stages of a use case follow each other."""

from __future__ import annotations

from causeway.use_cases.stages import UseCaseStage


def test_each_stage_has_one_after_it_but_the_last() -> None:
    stage, passed = UseCaseStage.POC, []
    while stage.next is not None:
        assert stage.next.rank == stage.rank + 1
        stage = stage.next
        passed.append(stage.value)
    assert passed == ["development", "qa", "pre-production", "production", "retired"]
