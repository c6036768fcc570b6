"""Pictures of an evaluation, made once, of the best candidate.

Drawn on figures of their own, without pyplot: no display, no state, half the import. An image
without matplotlib, such as AWS's of scikit-learn, draws none.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from labels import MULTI_CLASS, Label  # type: ignore[import-not-found]
from sklearn import metrics

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

Numbers = np.ndarray[Any, Any]
INK, LIGHT = "#1f5582", "#9aa5b1"


def draw(
    labels: Numbers,
    predictions: Numbers,
    importance: dict[str, float],
    folder: Path,
    label: Label,
) -> list[str]:
    """Draw what belongs to the kind of problem; return the names of the files."""
    try:
        import matplotlib  # noqa: F401 - whether there is one
    except ImportError:
        print("no plots: this image has no matplotlib")
        return []
    folder.mkdir(parents=True, exist_ok=True)
    pictures: dict[str, Callable[[Axes, Numbers, Numbers], None]] = {"residuals": _residuals}
    if label.is_class:
        pictures = {"confusion": partial(_confusion, label)}
        if label.problem != MULTI_CLASS:
            pictures |= {"roc": _roc, "calibration": _calibration}
    for name, picture in pictures.items():
        figure, axes = _blank(name)
        picture(axes, labels, predictions)
        figure.savefig(folder / f"{name}.png", dpi=80)
    figure, axes = _blank("feature importance", wide=True)
    top = sorted(importance.items(), key=lambda item: item[1])[-20:]
    axes.barh([name for name, _ in top], [gain for _, gain in top], color=INK)
    axes.set_xlabel("share of the weight")
    figure.savefig(folder / "feature-importance.png", dpi=80)
    return sorted(path.name for path in folder.glob("*.png"))


def _blank(title: str, *, wide: bool = False) -> tuple[Figure, Axes]:
    from matplotlib.figure import Figure

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


def _confusion(label: Label, axes: Axes, labels: Numbers, answers: Numbers) -> None:
    numbers = list(range(len(label.classes)))
    counts = metrics.confusion_matrix(labels, label.predicted(answers), labels=numbers)
    axes.imshow(counts, cmap="Blues")
    for (row, column), count in np.ndenumerate(counts):
        axes.text(column, row, str(count), ha="center", va="center")
    axes.set_xticks(numbers, label.classes)
    axes.set_yticks(numbers, label.classes)
    axes.set(xlabel="predicted", ylabel="label")


def _residuals(axes: Axes, labels: Numbers, predictions: Numbers) -> None:
    axes.axhline(0, color=LIGHT, linestyle="--")
    axes.scatter(predictions, labels - predictions, s=6, color=INK, alpha=0.4)
    axes.set(xlabel="predicted", ylabel="label - predicted")
