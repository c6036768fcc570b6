"""Who acts in the demonstration, and when it ends."""

from __future__ import annotations

import io
import os
import re
import shutil
from pathlib import Path
from unittest.mock import create_autospec

import pytest
from rich.console import Console

from causeway.use_cases.files import use_case
from causeway.use_cases.use_case import USE_CASES_DIR, Approvers
from stack import demo, layout
from stack.airflow_api import Airflow, Run
from stack.demo import Demo
from stack.processes import StackError
from stack.show import Progress, Step

VERSION = "arn:aws:sagemaker:eu-central-1:333333333333:model-package/credit-risk/2"


def test_a_version_that_went_to_production_before_is_not_approved_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def approves(*arguments: object, approve: bool) -> None:
        raise AssertionError(f"{arguments} approves")

    airflow = create_autospec(Airflow, instance=True)
    airflow.runs.return_value = [
        Run("credit_risk__promotion", "credit-risk-v2-1", "success", None, None, {})
    ]
    monkeypatch.setattr(demo, "decide", approves)
    monkeypatch.setattr(Demo, "_sign_in", lambda self, person: airflow)
    progress = Progress(Console(quiet=True))
    played = Demo({}, progress, use_case("credit_risk"), data=None, seed=1)
    played._promote(VERSION, "credit-risk-v2")
    assert [step.name for step in progress.steps] == ["governance notices credit-risk-v2"]


@pytest.fixture
def playing(monkeypatch: pytest.MonkeyPatch) -> Demo:
    """A demonstration on a stack where three people have keys for both stages."""
    monkeypatch.setattr(Demo, "_sign_in", lambda self, log_in: create_autospec(Airflow))
    roles = {"roles": {"test": "arn", "production": "arn"}}
    keys = dict.fromkeys(("ml-engineer", "model-owner", "governance-officer"), roles)
    progress = Progress(Console(quiet=True))
    return Demo({"people": keys}, progress, use_case("credit_risk"), data=None, seed=1)


def with_approvers(demo: Demo, test: list[str], production: list[str]) -> Demo:
    approvers = Approvers(test=tuple(test), production=tuple(production))
    model = demo.case.models[0].model_copy(update={"approvers": approvers})
    demo.case = demo.case.model_copy(update={"models": (model,)})
    return demo


def test_neither_who_trained_nor_who_decided_on_test_decides(playing: Demo) -> None:
    both = ["ml-engineer", "governance-officer", "model-owner"]
    demo = with_approvers(playing, both, both)
    assert demo._decides("test") == "governance-officer"
    demo.decided["test"] = "governance-officer"
    assert demo._decides("production") == "model-owner"


def test_who_alone_decides_on_production_leaves_test_to_others(playing: Demo) -> None:
    demo = with_approvers(playing, ["governance-officer", "model-owner"], ["governance-officer"])
    assert demo._decides("test") == "model-owner"


def test_nobody_who_may_decide_is_said_with_the_reason(playing: Demo) -> None:
    demo = with_approvers(playing, ["ml-engineer"], ["model-owner"])
    with pytest.raises(StackError, match="nobody of ml-engineer can decide on test"):
        demo._decides("test")


def test_a_refused_word_ends_the_wait_for_the_next_stage(
    playing: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = iter([{}, {}, {"REFUSAL#1": "ml-engineer trained this version"}])
    monkeypatch.setattr(demo, "refusals", lambda *_: next(words))
    monkeypatch.setattr(Demo, "_working_on", lambda *_: "")
    run = Run("credit_risk__promotion", "credit-risk-v2-1", "running", None, None, {})
    playing.administrator.run.return_value = run
    playing.administrator.tasks.return_value = []
    with pytest.raises(StackError, match="refused: ml-engineer trained this version"):
        playing._waits_at(run, "approval_for_production", Step("waits"), VERSION)


def test_a_run_that_ends_without_the_next_approval_ends_the_wait(
    playing: Demo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "refusals", lambda *_: {})
    run = Run("credit_risk__promotion", "credit-risk-v2-1", "success", None, None, {})
    playing.administrator.run.return_value = run
    playing.administrator.tasks.return_value = []
    with pytest.raises(StackError, match="ended \\(success\\) before approval_for_production"):
        playing._waits_at(run, "approval_for_production", Step("waits"), VERSION)


@pytest.mark.parametrize(("typed", "stays"), [("y\n", True), ("\n", False), ("", False)])
def test_a_stack_stays_for_whoever_says_so_at_a_terminal(
    monkeypatch: pytest.MonkeyPatch, typed: str, stays: bool
) -> None:
    ours, theirs = os.openpty()
    monkeypatch.delenv("CI", raising=False)
    monkeypatch.setattr(demo, "ANSWER_SECONDS", 0.2)
    os.write(ours, typed.encode())
    with os.fdopen(theirs, "r") as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        at_terminal = Console(file=io.StringIO(), force_terminal=True)
        assert demo._somebody_stays(at_terminal) is stays
        monkeypatch.setenv("CI", "true")
        os.write(ours, b"y\n")
        assert not demo._somebody_stays(at_terminal)
    os.close(ours)


def test_nobody_is_asked_without_a_terminal() -> None:
    output = io.StringIO()
    assert not demo._somebody_stays(Console(file=output))
    assert output.getvalue() == ""


def test_a_use_case_without_a_sample_needs_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(layout, "JOBS", tmp_path)
    with pytest.raises(StackError, match="make demo USE_CASE=credit_risk DATA=path"):
        demo.run(Console(quiet=True), use_case_id="credit_risk", data=None, seed=None)


def test_a_seed_that_no_candidates_can_be_drawn_with_is_refused_before_anything_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(USE_CASES_DIR, tmp_path / "use_cases")
    path = tmp_path / "use_cases" / "credit_risk.yaml"
    text, space = re.subn(
        r"\n      search:.*?(?=\n      repeated)", "", path.read_text(), flags=re.S
    )
    assert space == 1
    path.write_text(text)
    monkeypatch.setattr(layout, "USE_CASES", tmp_path / "use_cases")
    with pytest.raises(StackError, match=r"training\.search is empty"):
        demo.run(Console(quiet=True), use_case_id="credit_risk", data=None, seed=1)
