"""The page of all features names each of them, with what the contract says of it."""

from __future__ import annotations

from causeway.use_cases.files import load_use_cases
from tests.feature_page import render


def test_every_feature_of_every_use_case_stands_on_the_page() -> None:
    sections = {part.partition("\n")[0]: part for part in render().split("### ")}
    for case in load_use_cases():
        for group in case.feature_groups:
            rows = {
                line.split(" | ")[0].strip("| `"): line
                for line in sections[group.name].splitlines()
                if line.startswith("| `")
            }
            assert list(rows) == list(group.feature_names)
            for feature in group.features:
                row = rows[feature.name]
                assert feature.type in row
                assert feature.description in row
                assert all(f"{code}: {text}" in row for code, text in (feature.codes or {}).items())
