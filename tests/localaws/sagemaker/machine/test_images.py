"""The image decides the environment; an unknown one is an error."""

from __future__ import annotations

from pathlib import Path

import pytest

from localaws.kit.service import ServiceError
from localaws.sagemaker.machine.images import environment_of
from tests.localaws.sagemaker.work import IMAGE

REGISTRY = "492215442770.dkr.ecr.eu-central-1.amazonaws.com"


@pytest.mark.parametrize(
    "image",
    [
        IMAGE,
        f"{REGISTRY}/sagemaker-xgboost:1.7-1",
        f"{REGISTRY}/sagemaker-scikit-learn:1.4-2-cpu-py3",
    ],
)
def test_known_image_runs_in_the_interpreter_of_the_jobs(image: str) -> None:
    environment = environment_of(image)
    assert (environment.name, environment.image) == ("jobs", image)
    assert environment.python.exists()


@pytest.mark.parametrize(
    "image",
    [
        "sagemaker-xgboost:3.0-5",
        f"{REGISTRY}/sagemaker-xgboost:0.90-1",
        f"{REGISTRY}/mine:1",
        f"evil.example/{REGISTRY}/sagemaker-xgboost:3.0-5",
        f"{IMAGE}-patched",
    ],
)
def test_unknown_image_is_refused(image: str) -> None:
    with pytest.raises(ServiceError, match="Cannot find image"):
        environment_of(image)


def test_missing_environment_says_how_to_make_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALAWS_JOBS_PYTHON", "/nowhere/python")
    with pytest.raises(ServiceError, match=r"requirements-jobs\.txt"):
        environment_of(IMAGE)


def test_topology_of_the_local_aws_names_known_images() -> None:
    import yaml

    root = Path(__file__).resolve().parents[4] / "include" / "config" / "topology"
    images = yaml.safe_load((root / "local.yaml").read_text())["images"]
    assert images
    for image in images.values():
        environment_of(image)
