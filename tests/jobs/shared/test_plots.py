"""Pictures of an evaluation: those of its kind of problem, with what was measured in them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from tests.jobs.scripts import Load

IMPORTANCE = {"income": 0.7, "age": 0.3}


def test_a_regression_has_its_residuals_and_nothing_of_classes(
    script: Load, tmp_path: Path
) -> None:
    labels = np.array([1.0, 2.0, 4.0])
    names = script("plots").draw(
        labels, labels + 0.5, IMPORTANCE, tmp_path, script("labels").Label("y", "regression")
    )
    assert names == ["feature-importance.png", "residuals.png"]
    assert all((tmp_path / name).read_bytes().startswith(b"\x89PNG") for name in names)


def test_a_residual_is_the_label_less_the_prediction(
    script: Load, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plots, figures = script("plots"), {}
    blank = plots._blank

    def blank_figure(title: str, **about: bool) -> object:
        figures[title] = blank(title, **about)
        return figures[title]

    monkeypatch.setattr(plots, "_blank", blank_figure)
    labels, predictions = np.array([1.0, 2.0, 4.0]), np.array([1.5, 2.0, 3.0])
    plots.draw(labels, predictions, IMPORTANCE, tmp_path, script("labels").Label("y", "regression"))
    _, axes = figures["residuals"]
    (points,) = axes.collections
    assert points.get_offsets().tolist() == [[1.5, -0.5], [2.0, 0.0], [3.0, 1.0]]
    assert [bar.get_width() for bar in figures["feature importance"][1].patches] == [0.3, 0.7]
