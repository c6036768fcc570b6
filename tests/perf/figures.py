"""A measured figure: ours, its peers, the goal, and whether it is met."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
RESULTS = ROOT / ".causeway" / "bench.json"
REPETITIONS = 5


@dataclass
class Figure:
    """One row of docs/benchmarks.md; `ratio` is ours to the peer named in `goal`."""

    ours: float | None
    unit: str
    goal: str
    met: bool | None
    peers: dict[str, float] = field(default_factory=dict)
    ratio: float | None = None
    note: str = ""


def interleaved(
    measures: Mapping[str, Callable[[], float]], repetitions: int = REPETITIONS
) -> dict[str, float]:
    """Run each measure in turn, again and again, and return the median of each."""
    found: dict[str, list[float]] = {name: [] for name in measures}
    for _ in range(repetitions):
        for name, measure in measures.items():
            found[name].append(measure())
    return {name: statistics.median(values) for name, values in found.items()}


def save(figures: Mapping[str, Figure]) -> None:
    """Merge figures into `.causeway/bench.json`."""
    RESULTS.parent.mkdir(exist_ok=True)
    known = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    known |= {name: asdict(figure) for name, figure in figures.items()}
    RESULTS.write_text(json.dumps(known, indent=2, sort_keys=True))
