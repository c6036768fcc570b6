"""Entry point of `make bench`: measures the figures, prints the table, keeps docs/benchmarks.md."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import sys
from collections.abc import Callable

import psutil
from rich.console import Console
from rich.table import Table

from tests.perf import (
    dag_parsing,
    door_throughput,
    governance_pages,
    ingestion,
    large_backfill,
    lifecycle,
    lineage_questions,
    seconds,
    spread_objects,
    tracking,
    waiting_approvals,
)
from tests.perf.figures import RESULTS, ROOT, Figure, save

#: What `make bench NAME` measures; one measurement may give several figures.
BENCHMARKS: dict[str, Callable[[], dict[str, Figure]]] = {
    "ingestion": ingestion.measure,
    "large": lambda: {"F1": large_backfill.measure()},
    "P4": lineage_questions.measure,
    "P6": waiting_approvals.measure,
    "P7": lambda: {"P7": dag_parsing.measure()},
    "P8": tracking.measure,
    "P10": lambda: {"P10": lifecycle.measure()},
    "P12": governance_pages.measure,
    "P16": spread_objects.measure,
    "seconds": seconds.figures,
    "door": door_throughput.measure,
}
WHAT = {
    "P1": "writing a 22-column table to the online store",
    "P2": "the same at 20 ms server latency",
    "P3": "backfilling the same table offline only, as Parquet",
    "P4": "the lineage questions over ten thousand models and a million edges",
    "P6": "a thousand versions that wait for approval",
    "P7": "parsing one DAG file, beyond importing airflow.sdk",
    "P8": "MLflow tracking of one candidate, beyond its training",
    "P10": "the whole lifecycle, raw data to production",
    "P12": "the first governance page of a thousand models",
    "P16": "querying an offline store of thousands of hourly objects on the local AWS",
    "F1": "backfilling ten million rows of a use case's schema, offline only",
    "D1": "DynamoDB PutItem through the local AWS, policies enforced",
    "D2": "SageMaker DescribeModelPackage through the local AWS, policies enforced",
}
PACKAGES = (
    *("apache-airflow", "apache-airflow-providers-amazon", "boto3", "mlflow", "moto"),
    *("botocore", "numpy", "pyarrow"),
)
#: The peers' packages, pinned in files of their own.
PEER_PACKAGES = {"v2": ("sagemaker", "boto3"), "v3": ("sagemaker-mlops", "sagemaker-core", "boto3")}
PAGE = ROOT / "docs" / "benchmarks.md"


def main(wanted: list[str]) -> int:
    """Measure all figures, or those named on the command line; exit 1 when a goal is missed."""
    console = Console()
    for name in wanted or BENCHMARKS:
        console.print(f"measuring {name}")
        save(BENCHMARKS[name]())
    figures = {n: found for n, found in json.loads(RESULTS.read_text()).items() if n in WHAT}
    _write_page(figures)
    table = Table("figure", "ours", "peers", "ratio", "goal", "met")
    for name, found in sorted(figures.items(), key=_order):
        table.add_row(name, _ours(found), _peers(found), str(found["ratio"]), *_goal(found))
    console.print(table)
    return 0 if all(found["met"] for found in figures.values()) else 1


def _order(item: tuple[str, object]) -> tuple[str, int]:
    return item[0][0], int(item[0][1:])


def _ours(found: dict[str, object]) -> str:
    return f"{found['ours']} {found['unit']}"


def _peers(found: dict[str, object]) -> str:
    peers = found["peers"]
    return ", ".join(f"{n}: {v}" for n, v in peers.items()) if isinstance(peers, dict) else ""


def _goal(found: dict[str, object]) -> tuple[str, str]:
    return str(found["goal"]), "yes" if found["met"] else "no"


def _peer_versions(name: str) -> str:
    pins = (ROOT / f"requirements-peer-{name}.txt").read_text().split()
    found = dict(pin.split("==") for pin in pins if "==" in pin)
    return f"SDK {name}: " + ", ".join(f"{one} {found[one]}" for one in PEER_PACKAGES[name])


def _write_page(figures: dict[str, dict[str, object]]) -> None:
    machine = (
        f"{psutil.cpu_count()} cores, {psutil.virtual_memory().total / 2**30:.0f} GiB, "
        f"{platform.system()} {platform.machine()}, Python {platform.python_version()}"
    )
    versions = ", ".join(f"{name} {importlib.metadata.version(name)}" for name in PACKAGES)
    lines = [
        "# Benchmarks",
        "",
        "Measured by `make bench`, each figure beside its peer in the same run; medians.",
        "",
        f"Machine: {machine}.",
        f"Versions: {versions}.",
        f"Peers: {'; '.join(_peer_versions(name) for name in PEER_PACKAGES)}.",
        "",
        "| # | what | ours | peers | ratio | goal | met | note |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name, found in sorted(figures.items(), key=_order):
        goal, met = _goal(found)
        row = (name, WHAT[name], _ours(found), _peers(found), str(found["ratio"]), goal, met)
        lines.append("| " + " | ".join((*row, str(found["note"]))) + " |")
    PAGE.write_text("\n".join([*lines, *seconds.table()]) + "\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
