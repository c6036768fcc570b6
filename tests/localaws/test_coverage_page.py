"""The coverage page says what is served, and its notes name nothing that is not."""

from __future__ import annotations

import re
from pathlib import Path

import yaml

from tests.coverage_page import IMAGES, NOTES, coverage, deviating, installed, render


def test_every_service_that_is_served_is_on_the_page() -> None:
    page = render()
    for service in coverage():
        assert f"## {service.name}\n" in page
    assert page == render()


def test_ours_are_operations_that_botocore_knows() -> None:
    for service in coverage():
        assert set(service.ours) <= set(service.all), service.name
        assert not set(service.ours) & set(service.motos)


def test_notes_are_of_services_that_are_served() -> None:
    notes = yaml.safe_load(NOTES.read_text())
    served = {service.name: service for service in coverage()}
    assert set(notes["services"]) <= set(served)
    for name, note in notes["services"].items():
        assert set(note) <= {"real", "simplified", "refused", "also"}
        assert set(note.get("also", [])) <= set(served[name].motos)


def test_environment_of_an_image_has_its_versions_or_says_why_not() -> None:
    images = yaml.safe_load(NOTES.read_text())["images"]
    for environment in IMAGES:
        packages, here = images[environment]["packages"], installed(environment)
        assert deviating(packages, here) <= {*images["deviations"]}
        # What scripts use is the image's own, version by version.
        used = {"scikit-learn", "pandas", "pyarrow", "numpy"} | (
            {"xgboost", "scipy", "matplotlib"} if environment == "xgboost" else set()
        )
        assert {name: str(packages[name]) for name in used} == {n: here[n] for n in used}


def test_environment_of_an_image_is_asked_for_nothing_that_the_image_lacks() -> None:
    images = yaml.safe_load(NOTES.read_text())["images"]
    for environment in IMAGES:
        text = Path(f"requirements-jobs-{environment}.in").read_text()
        asked = {name.lower() for name in re.findall(r"^([\w-]+)==", text, re.MULTILINE)}
        assert asked - {"xgboost-cpu"} <= set(images[environment]["packages"])
