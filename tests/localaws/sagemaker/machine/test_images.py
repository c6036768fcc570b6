"""The image decides the environment; an unknown one is an error."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from localaws.kit.service import ServiceError
from localaws.sagemaker.machine.images import environment_of
from tests.localaws.sagemaker.work import IMAGE, OWN_IMAGE, REGISTRY, SKLEARN


@pytest.mark.parametrize(
    ("image", "name", "algorithm"),
    [
        (IMAGE, "xgboost", True),
        (f"{REGISTRY}/sagemaker-xgboost@sha256:{'f' * 64}", "xgboost", True),
        (OWN_IMAGE, "xgboost", False),
        (SKLEARN, "scikit-learn", False),
    ],
)
def test_image_runs_in_an_environment_of_its_own(image: str, name: str, algorithm: bool) -> None:
    environment = environment_of(image)
    assert (environment.name, environment.image) == (name, image)
    assert environment.algorithm is algorithm
    assert environment.python.exists()


def packages(image: str) -> dict[str, str]:
    """Return the installed distributions of an image's environment."""
    script = (
        "import json; from importlib.metadata import distributions as d; "
        "print(json.dumps({i.metadata['Name'].lower(): i.version for i in d()}))"
    )
    python = str(environment_of(image).python)
    done = subprocess.run([python, "-c", script], capture_output=True, check=True)
    return dict(json.loads(done.stdout))


def test_environments_have_the_versions_of_their_images() -> None:
    xgboost, sklearn = packages(IMAGE), packages(SKLEARN)
    common = ("scikit-learn", "pandas", "pyarrow", "numpy")
    assert [xgboost[name] for name in common] == ["1.5.2", "2.2.3", "22.0.0", "2.1.0"]
    assert [xgboost[name] for name in ("xgboost-cpu", "scipy", "matplotlib")] == [
        *("3.0.5", "1.15.0", "3.9.2")
    ]
    assert [sklearn[name] for name in common] == ["1.4.2", "2.3.2", "17.0.0", "2.1.0"]
    assert not {"xgboost", "xgboost-cpu", "matplotlib", "requests"} & set(sklearn)


def test_registry_of_another_region_is_refused() -> None:
    elsewhere = IMAGE.replace("eu-central-1", "us-east-1")
    with pytest.raises(ServiceError, match="in registry ID: 492215442770"):
        environment_of(elsewhere)


@pytest.mark.parametrize(
    "image",
    [
        "sagemaker-xgboost:3.0-5",
        f"{REGISTRY}/sagemaker-xgboost:0.90-1",
        f"{REGISTRY}/sagemaker-xgboost:1.7-1",
        f"{REGISTRY}/mine:1",
        f"evil.example/{REGISTRY}/sagemaker-xgboost:3.0-5",
        f"{IMAGE}-patched",
    ],
)
def test_unknown_image_is_refused(image: str) -> None:
    with pytest.raises(ServiceError, match="Cannot find image"):
        environment_of(image)


def test_missing_environment_says_how_to_make_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOCALAWS_XGBOOST_PYTHON", "/nowhere/python")
    with pytest.raises(ServiceError, match=r"requirements-jobs-xgboost\.txt"):
        environment_of(IMAGE)


def test_topology_of_the_local_aws_names_known_images() -> None:
    import yaml

    root = Path(__file__).resolve().parents[4] / "include" / "config" / "topology"
    images = yaml.safe_load((root / "local.yaml").read_text())["images"]
    assert images
    for image in images.values():
        environment_of(image)
