"""A use case under which four eyes could be two is refused wherever it is read."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from causeway.documents import CONFIG_DIR
from causeway.errors import ConfigError
from causeway.use_cases.use_case import USE_CASES_DIR
from causeway_airflow.configuration import case_and_model, case_of, use_cases
from causeway_deploy.__main__ import main
from stack import demo, layout
from stack.processes import StackError
from tests.documents import ROOT

BEFORE = (
    "trainer: ml-engineer\n    approvers: {test: [model-owner], production: [governance-officer]}\n"
)
TRIES = {
    "an approver is nobody": (
        "ml-engineer",
        "{test: [model-owner], production: [nobody]}",
        "models.credit_risk.approvers.production: 'nobody' is not in `people`",
    ),
    "the trainer is nobody": (
        "nobody",
        "{test: [model-owner], production: [governance-officer]}",
        "models.credit_risk.trainer: 'nobody' is not in `people`",
    ),
    "the trainer is the only approver for test": (
        "ml-engineer",
        "{test: [ml-engineer], production: [governance-officer]}",
        "models.credit_risk.approvers.test: ml-engineer trains the model",
    ),
    "the trainer is the only approver for production": (
        "model-owner",
        "{test: [governance-officer], production: [model-owner]}",
        "models.credit_risk.approvers.production: model-owner trains the model",
    ),
    "one person trains and decides on both": (
        "model-owner",
        "{test: [model-owner], production: [model-owner]}",
        "models.credit_risk.approvers.test: model-owner trains the model",
    ),
    "one person decides on both": (
        "ml-engineer",
        "{test: [model-owner], production: [model-owner]}",
        "models.credit_risk.approvers: model-owner alone would decide on test and on",
    ),
    "one person is left when the trainer is not counted": (
        "model-owner",
        "{test: [model-owner, governance-officer], production: [governance-officer]}",
        "models.credit_risk.approvers: governance-officer alone would decide",
    ),
}


def written(folder: Path, trainer: str, approvers: str) -> Path:
    """Write the use case of credit risk with other people; return its folder."""
    text = (USE_CASES_DIR / "credit_risk.yaml").read_text()
    assert BEFORE in text
    after = f"trainer: {trainer}\n    approvers: {approvers}\n"
    (folder / "credit_risk.yaml").write_text(text.replace(BEFORE, after))
    return folder


@pytest.mark.parametrize(("trainer", "approvers", "message"), TRIES.values(), ids=TRIES)
def test_people_who_could_take_a_model_into_production_alone_are_refused(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    trainer: str,
    approvers: str,
    message: str,
) -> None:
    folder = written(tmp_path, trainer, approvers)
    monkeypatch.setenv("CAUSEWAY_USE_CASES", str(folder))
    readers = (
        use_cases,
        lambda: case_of("credit_risk"),
        lambda: case_and_model("credit_risk", "credit_risk"),
    )
    for read in readers:
        with pytest.raises(ConfigError) as refused:
            read()
        assert f"{folder}/credit_risk.yaml: {message}" in str(refused.value)
        assert "Next step: " in str(refused.value)
    topology = str(CONFIG_DIR / "topology" / "example.yaml")
    assert main(["--topology", topology, "check", "--use-cases", str(folder)]) == 1
    assert f"{folder}/credit_risk.yaml: {message}" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["an approver is nobody", "one person decides on both"])
def test_the_demonstration_starts_with_no_such_use_case(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    trainer, approvers, message = TRIES[name]
    monkeypatch.setattr(layout, "USE_CASES", written(tmp_path, trainer, approvers))
    monkeypatch.setattr(demo, "running", lambda: pytest.fail("the demonstration starts"))
    with pytest.raises(StackError, match="USE_CASE=credit_risk") as refused:
        demo.run(Console(quiet=True), use_case_id="credit_risk", data=None, seed=None)
    assert message in str(refused.value)


def test_no_dag_is_built_from_such_a_use_case(tmp_path: Path) -> None:
    folder = written(tmp_path, "ml-engineer", TRIES["an approver is nobody"][1])
    for name in ("training", "promotion", "features"):
        done = subprocess.run(
            [sys.executable, str(ROOT / "dags" / f"{name}.py")],
            env={**os.environ, "CAUSEWAY_USE_CASES": str(folder), "AIRFLOW_HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 1
        assert "'nobody' is not in `people` of topology local" in done.stderr
