"""The coverage page says what is served, and its notes name nothing that is not."""

from __future__ import annotations

import yaml

from tests.coverage_page import NOTES, coverage, render


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
