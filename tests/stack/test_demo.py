"""What the demonstration does when the version that it trained is there already."""

from __future__ import annotations

from unittest.mock import create_autospec

import pytest
from rich.console import Console

from causeway.use_cases.use_case import use_case
from stack import demo
from stack.airflow_api import Airflow, Run
from stack.demo import Demo
from stack.show import Progress

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
