"""A candidate beside the version in production and earlier ones, for the person who decides.

Everything is read from what the versions carry (metadata, the card inside the package), so the
comparison needs no run, no job and no endpoint that may be gone.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from causeway.model_cards.fields import HELD_OUT
from causeway.pages import markdown_table, markdown_text
from causeway.versions.registry import (
    DATA_SOURCE,
    DATASET,
    SYNTHETIC,
    Candidate,
    RegistryVersion,
)

#: How many earlier versions stand beside the one in production.
EARLIER: Final = 3
_NONE: Final = "-"


@dataclass(frozen=True)
class Compared:
    """One column of the comparison."""

    label: str
    metrics: Mapping[str, float] = field(default_factory=dict)
    gates: str = ""
    dataset: str = ""
    source: str = ""
    synthetic: str = ""
    artifact: str = ""
    image: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)


def of_candidate(candidate: Candidate) -> Compared:
    """Return the column of a candidate that is not registered yet."""
    return Compared(
        label="candidate",
        metrics=candidate.metrics,
        gates=candidate.gate_verdict,
        dataset=candidate.dataset_digest,
        source=candidate.data_source,
        synthetic=candidate.synthetic,
        artifact=candidate.digest.hex,
        image=candidate.image_uri,
        parameters={k: str(v) for k, v in candidate.hyperparameters.items()},
    )


def of_version(version: RegistryVersion, *, live: bool = False) -> Compared:
    """Return the column of a registered version; what it does not carry stays empty."""
    try:
        metrics, gates, parameters = _said(json.loads(version.card))
    except (AttributeError, KeyError, RecursionError, TypeError, ValueError):
        metrics, gates, parameters = {}, "", {}  # a card that others wrote
    return Compared(
        label=f"v{version.arn.version}{' (production)' if live else ''}",
        metrics=metrics or version.validation_metrics,
        gates=gates,
        dataset=version.metadata.get(DATASET, ""),
        source=version.metadata.get(DATA_SOURCE, ""),
        synthetic=version.metadata.get(SYNTHETIC, ""),
        artifact=version.artifact_sha256 or "",
        image=version.image_uri or "",
        parameters=parameters,
    )


def chosen(
    versions: Iterable[RegistryVersion], production: int | None, earlier: int = EARLIER
) -> tuple[Compared, ...]:
    """Return the columns beside the candidate: production first, then the newest others."""
    newest = sorted(versions, key=lambda v: v.arn.version, reverse=True)
    live = [v for v in newest if v.arn.version == production]
    others = [v for v in newest if v.arn.version != production][:earlier]
    return (*(of_version(v, live=True) for v in live), *(of_version(v) for v in others))


def comparison_markdown(model: str, candidate: Compared, others: Sequence[Compared]) -> str:
    """Return the comparison as Markdown: metrics, gates, data, parameters.

    A difference stands behind a metric of the candidate, against the first of the others.
    """
    columns = (candidate, *others)
    first = others[0] if others else None
    beside = f"against {markdown_text(first.label)}" if first else "there is no earlier version"
    parts = [
        f"# {markdown_text(model)}: candidate {candidate.artifact[:12]}, {beside}",
        "## Metrics of the held-out part",
        _table(columns, _metric_rows(columns, first)),
        "## Gates and data",
        _table(
            columns,
            [
                ("gates", [c.gates or _NONE for c in columns]),
                ("dataset", [_dataset(c, candidate) for c in columns]),
                ("rows from", [c.source or _NONE for c in columns]),
                ("synthetic", [c.synthetic or _NONE for c in columns]),
                ("artifact", [c.artifact[:12] or _NONE for c in columns]),
                ("image", [c.image.rpartition("/")[2] or _NONE for c in columns]),
            ],
        ),
        "## Parameters",
        _table(columns, _parameter_rows(columns)),
    ]
    return "\n\n".join(parts) + "\n"


def _metric_rows(
    columns: Sequence[Compared], first: Compared | None
) -> list[tuple[str, list[str]]]:
    rows = []
    for name in sorted({name for c in columns for name in c.metrics}):
        cells = [f"{c.metrics[name]:.4g}" if name in c.metrics else _NONE for c in columns]
        if first is not None and name in first.metrics and name in columns[0].metrics:
            cells[0] += f" ({columns[0].metrics[name] - first.metrics[name]:+.4g})"
        rows.append((name, cells))
    return rows


def _parameter_rows(columns: Sequence[Compared]) -> list[tuple[str, list[str]]]:
    names = sorted({name for c in columns for name in c.parameters})
    return [(name, [c.parameters.get(name, _NONE) for c in columns]) for name in names]


def _table(columns: Sequence[Compared], rows: Sequence[tuple[str, list[str]]]) -> str:
    head = ("", *(column.label for column in columns))
    return markdown_table(head, [(name, *cells) for name, cells in rows])


def _dataset(column: Compared, candidate: Compared) -> str:
    """Return the head of a dataset's digest; of another version, whether it is the candidate's."""
    same = " (the same)" if column is not candidate and column.dataset == candidate.dataset else ""
    return f"{column.dataset[:12]}{same}" if column.dataset else _NONE


def _said(card: dict[str, Any]) -> tuple[dict[str, float], str, dict[str, str]]:
    """Return metrics, gates and hyperparameters as a card says them."""
    training = card.get("training_details", {}).get("training_job_details", {})
    evaluation: dict[str, Any] = next(
        (e for e in card.get("evaluation_details", []) if e.get("name") == HELD_OUT), {}
    )
    metrics = {
        metric["name"]: float(metric["value"])
        for group in evaluation.get("metric_groups", [])
        for metric in group["metric_data"]
        if metric["type"] == "number"
    }
    gates = str(evaluation.get("evaluation_observation", "")).removeprefix("gates: ")
    parameters = {p["name"]: str(p["value"]) for p in training.get("hyper_parameters", [])}
    return metrics, gates, parameters
