"""The coverage page says what is served, and its notes name nothing that is not."""

from __future__ import annotations

import yaml

from tests.coverage_page import NOTES, coverage, render


def test_every_service_that_is_served_is_on_the_page() -> None:
    page = render()
    for one in coverage():
        assert f"## {one.name}\n" in page
    assert page == render()


def test_ours_are_operations_that_botocore_knows() -> None:
    for one in coverage():
        assert set(one.ours) <= set(one.all), one.name
        assert not set(one.ours) & set(one.motos)


def test_notes_are_of_services_that_are_served() -> None:
    notes = yaml.safe_load(NOTES.read_text())
    served = {one.name: one for one in coverage()}
    assert set(notes["services"]) <= set(served)
    for name, note in notes["services"].items():
        assert set(note) <= {"real", "simplified", "refused", "also"}
        assert set(note.get("also", [])) <= set(served[name].motos)
