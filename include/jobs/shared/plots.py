"""Pictures of an evaluation, made once, of the best candidate.

Drawn on figures of their own, without pyplot: no display, no state, half the import.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn import metrics

Numbers = np.ndarray[Any, Any]
INK, LIGHT = "#1f5582", "#9aa5b1"


def draw(
    labels: Numbers,
    predictions: Numbers,
    importance: dict[str, float],
    folder: Path,
    *,
    classes: bool,
) -> list[str]:
    """Draw what belongs to the kind of problem; return the names of the files."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures = (
        {"roc": _roc, "calibration": _calibration, "confusion": _confusion}
        if classes
        else {"residuals": _residuals}
    )
    for name, picture in pictures.items():
        figure, axes = _blank(name)
        picture(axes, labels, predictions)
        figure.savefig(folder / f"{name}.png", dpi=80)
    figure, axes = _blank("feature importance", wide=True)
    top = sorted(importance.items(), key=lambda item: item[1])[-20:]
    axes.barh([name for name, _ in top], [gain for _, gain in top], color=INK)
    axes.set_xlabel("share of the gain")
    figure.savefig(folder / "feature-importance.png", dpi=80)
    return sorted(path.name for path in folder.glob("*.png"))


def _blank(title: str, *, wide: bool = False) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(6, 4.5))
    axes = figure.add_axes((0.3 if wide else 0.12, 0.12, 0.65 if wide else 0.83, 0.8))
    axes.set_title(f"{title}, held-out part")
    return figure, axes


def _roc(axes: Axes, labels: Numbers, scores: Numbers) -> None:
    false, true, _ = metrics.roc_curve(labels, scores)
    axes.plot([0, 1], [0, 1], color=LIGHT, linestyle="--")
    axes.plot(false, true, color=INK, label=f"AUC {metrics.roc_auc_score(labels, scores):.3f}")
    axes.set(xlabel="false positive rate", ylabel="true positive rate")
    axes.legend()


def _calibration(axes: Axes, labels: Numbers, scores: Numbers) -> None:
    from people import calibration  # type: ignore[import-not-found]

    bins = calibration(labels, scores)["bins"]
    axes.plot([0, 1], [0, 1], color=LIGHT, linestyle="--")
    axes.plot(
        [bin_["score"] for bin_ in bins], [bin_["positive"] for bin_ in bins], color=INK, marker="o"
    )
    axes.set(xlabel="mean score", ylabel="share of positives")


def _confusion(axes: Axes, labels: Numbers, scores: Numbers) -> None:
    counts = metrics.confusion_matrix(labels, scores >= 0.5, labels=[0, 1])
    axes.imshow(counts, cmap="Blues")
    for (row, column), count in np.ndenumerate(counts):
        axes.text(column, row, str(count), ha="center", va="center")
    axes.set(xticks=[0, 1], yticks=[0, 1], xlabel="predicted", ylabel="label")


def _residuals(axes: Axes, labels: Numbers, predictions: Numbers) -> None:
    axes.axhline(0, color=LIGHT, linestyle="--")
    axes.scatter(predictions, labels - predictions, s=6, color=INK, alpha=0.4)
    axes.set(xlabel="predicted", ylabel="label - predicted")
