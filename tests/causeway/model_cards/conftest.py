"""What is known about a model before and after its registration."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from causeway.model_cards.content import package_content
from causeway.model_cards.fields import Facts
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway.versions.registry import Candidate, RegistryVersion
from tests.causeway.values import CANDIDATE, IMAGE


@pytest.fixture(scope="session")
def candidate() -> Candidate:
    return replace(
        CANDIDATE,
        metrics={"auc": 0.8, "accuracy": 0.75},
        hyperparameters={"eta": 0.1, "max_depth": 5},
    )


@pytest.fixture
def registered(
    case: UseCase, model: ModelSpec, candidate: Candidate, make_version: Any
) -> RegistryVersion:
    version: RegistryVersion = make_version(
        2,
        image_uri=IMAGE,
        metadata={
            "dataset-sha256": "d" * 64,
            "data-source": "mine.csv, 9 rows",
            "synthetic-data": "no",
            "mlflow-run": "run",
        },
        card=json.dumps(package_content(Facts(case, model, candidate))),
    )
    return version
