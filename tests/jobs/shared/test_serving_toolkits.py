"""`inference.py` under the public serving toolkits answers as the local model server does.

The XGBoost image serves one model with `sagemaker-containers` (Flask), several with
`sagemaker-inference`; its own package, which puts them together, is not on PyPI. Both run here in
an environment with the image's pins (`requirements-toolkits.in`).
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from localaws.sagemaker.hosting.serving_toolkit import ERROR_PAGE
from localaws.sagemaker.machine.images import REPOSITORY, environment_of
from tests.jobs.scripts import Chain, made_chain
from tests.localaws.sagemaker.work import IMAGE

TOOLKITS = REPOSITORY / ".venv-toolkits"
toolkits = pytest.mark.skipif(
    not (TOOLKITS / ".ready").exists(),
    reason="the serving toolkits are not installed (make toolkits; needs a C compiler)",
)
ASK = Path(__file__).with_name("serving_probe.py")


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return made_chain(tmp_path_factory.mktemp("served"), "credit_risk", "credit.asc")


@pytest.fixture(scope="module")
def requests(chain: Chain) -> list[dict[str, str]]:
    """Return requests of every kind: good ones, a client's faults, and one that is our fault."""
    held_out = (chain.root / "parts" / "evaluation" / "test.csv").read_text()
    header = held_out.splitlines()[0]
    unknown = header + "\n" + ",".join("77" for _ in header.split(","))
    return [
        {"body": held_out, "content_type": "text/csv", "accept": "text/csv"},
        {"body": held_out, "content_type": "text/csv", "accept": "*/*"},
        {"body": held_out, "content_type": "text/csv; charset=utf-8", "accept": "text/csv"},
        {"body": '[{"age": 30}]', "content_type": "application/json", "accept": "*/*"},
        {"body": "{", "content_type": "application/json", "accept": "text/csv"},
        {"body": unknown, "content_type": "text/csv", "accept": "text/csv"},
        {"body": "x", "content_type": "application/x-npy", "accept": "text/csv"},
        {"body": held_out, "content_type": "text/csv", "accept": "image/png"},
    ]


Answers = list[dict[str, Any]]


@pytest.fixture(scope="module")
def answers(
    chain: Chain, requests: list[dict[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[str], Answers]:
    """Return what asks all requests of a toolkit, in a process of the toolkit's environment."""

    def ask(toolkit: str) -> Answers:
        local = toolkit == "local"
        python = environment_of(IMAGE).python if local else TOOLKITS / "bin" / "python"
        folder = tmp_path_factory.mktemp(toolkit)
        (folder / "requests.json").write_text(json.dumps(requests))
        done = subprocess.run(
            [str(python), str(ASK), toolkit, str(chain.root / "model" / "model"), str(folder)],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(folder),
                "SAGEMAKER_BASE_DIR": str(folder / "base"),
                "SAGEMAKER_PROGRAM": "inference.py",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr[-2000:]
        return list(json.loads((folder / "answers.json").read_text()))

    return ask


@pytest.fixture(scope="module")
def local(answers: Callable[[str], Answers]) -> Answers:
    return answers("local")


def test_clients_faults_are_told_from_ours(local: Answers) -> None:
    assert [answer["status"] for answer in local] == [200, 200, 200, 400, 400, 400, 415, 406]
    assert local[0]["content_type"] == "text/csv; charset=utf-8"
    assert "predictions" in json.loads(local[1]["body"])  # JSON is the toolkit's default
    assert local[3]["body"].startswith("missing column(s): status")


@toolkits
def test_one_model_is_served_as_by_the_image(
    local: Answers, answers: Callable[[str], Answers]
) -> None:
    assert answers("sagemaker-containers") == local


@toolkits
def test_error_page_is_the_images(answers: Callable[[str], Answers], chain: Chain) -> None:
    encoder = chain.root / "model" / "model" / "encoder.json"
    encoding = encoder.read_text()
    try:
        # An encoder that no longer fits the trees: our fault, whatever the client sends.
        document = json.loads(encoding)
        for feature in document["features"]:
            feature["categories"] = []
        encoder.write_text(json.dumps(document))
        for toolkit in ("local", "sagemaker-containers"):
            broken = answers(toolkit)[0]
            assert (broken["status"], broken["body"]) == (500, ERROR_PAGE)
            assert broken["content_type"] == "text/html"
    finally:
        encoder.write_text(encoding)


@toolkits
def test_many_models_are_served_with_the_same_statuses_and_words(
    local: Answers, answers: Callable[[str], Answers]
) -> None:
    for theirs, ours in zip(answers("sagemaker-inference"), local, strict=True):
        assert theirs["status"] == ours["status"]
        # This toolkit adds a traceback to a refusal.
        assert theirs["body"].startswith(ours["body"])
