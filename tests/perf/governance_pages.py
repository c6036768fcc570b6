"""P12: the first governance page of a thousand models with twenty versions in four stages each."""

from __future__ import annotations

import math
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from causeway.governance.table import record_item
from causeway.topology.arns import ModelPackageArn
from causeway.use_cases.use_case import USE_CASES_DIR
from causeway.versions.stages import Stage, Status
from tests.accounts import REGION
from tests.perf.figures import Figure

VERSIONS, SIZES, PAGES = 20, (100, 1000), 40
GOAL_SECONDS = 0.3
STAGES = {
    Stage.DEVELOPMENT: Status.APPROVED,
    Stage.TEST: Status.APPROVED,
    Stage.PREPRODUCTION: Status.APPROVED,
    Stage.PRODUCTION: Status.SUPERSEDED,
}


def measure() -> dict[str, Figure]:
    """Measure at two sizes, on a local AWS of each size's own."""
    seconds = {size: _first_page(size) for size in SIZES}
    few, many = (seconds[size] for size in SIZES)
    return {
        "P12": Figure(
            ours=round(many * 1000, 1),
            unit="ms, p95 of the first page",
            goal="<= 300 ms",
            met=many <= GOAL_SECONDS,
            note=f"{SIZES[1]:,} models x {VERSIONS} versions x {len(STAGES)} stages; with "
            f"{SIZES[0]} models {few * 1000:.1f} ms; 25 models a page, a batch and "
            "three queries, no scan; rendered, without the network to the browser",
        )
    }


def _first_page(models: int) -> float:
    """Return the 95th percentile of the seconds that the page takes."""
    import pytest
    from fastapi.testclient import TestClient

    from tests.local_platform import local_platform

    with (
        tempfile.TemporaryDirectory() as name,
        local_platform(Path(name)) as platform,
        pytest.MonkeyPatch.context() as patch,
    ):
        folder = Path(name) / "use-cases"
        _write_use_cases(folder, models)
        for variable, value in platform.environment.items():
            if not variable.startswith("AIRFLOW__"):
                patch.setenv(variable, value)
        patch.setenv("CAUSEWAY_USE_CASES", str(folder))
        _fill(platform.client("dynamodb", "governance"), models)
        from causeway_airflow.pages import acting
        from causeway_airflow.pages.application import create
        from causeway_airflow.pages.governance import router

        acting._hooks.clear()
        application = create()
        for guard in router.dependencies:
            application.dependency_overrides[guard.dependency] = lambda: None
        client = TestClient(application)
        shown = client.get("/governance/").text
        assert f"{models} models" in shown, shown
        times = sorted(_timed(client) for _ in range(PAGES))
        acting._hooks.clear()
    return times[math.ceil(0.95 * PAGES) - 1]


def _timed(client: Any) -> float:
    begun = time.perf_counter()
    assert client.get("/governance/").status_code == 200
    return time.perf_counter() - begun


def _write_use_cases(folder: Path, models: int) -> None:
    """Write use cases of one model each, as the shipped one with other names."""
    folder.mkdir()
    shipped = yaml.safe_load((USE_CASES_DIR / "credit_risk.yaml").read_text())
    for number in range(models):
        case = {**shipped, "id": f"case_{number}"}
        (model,) = shipped["models"]
        case["models"] = [{**model, "name": f"case_{number}", "group": f"case-{number}"}]
        case["feature_groups"] = [
            {**group, "name": f"case-{number}-{position}"}
            for position, group in enumerate(shipped["feature_groups"])
        ]
        (folder / f"case_{number}.yaml").write_text(yaml.safe_dump(case))


def _fill(dynamodb: Any, models: int) -> None:
    from boto3.dynamodb.types import TypeSerializer

    write = TypeSerializer().serialize
    batch: list[dict[str, Any]] = []
    for item in _items(models):
        encoded = {key: write(value) for key, value in item.items()}
        batch.append({"PutRequest": {"Item": encoded}})
        if len(batch) == 25:
            dynamodb.batch_write_item(RequestItems={"causeway-governance": batch})
            batch = []
    if batch:
        dynamodb.batch_write_item(RequestItems={"causeway-governance": batch})


def _items(models: int) -> Iterator[dict[str, Any]]:
    from datetime import UTC, datetime

    from causeway.versions.stages import StageRecord

    for number in range(models):
        group = f"arn:aws:sagemaker:{REGION}:333333333333:model-package/case-{number}"
        for version in range(1, VERSIONS + 1):
            arn = ModelPackageArn.parse(f"{group}/{version}")
            for stage, status in STAGES.items():
                yield record_item(
                    StageRecord(
                        *(arn, stage, status, f"case_{number}", "A case", "poc"),
                        *(f"case-{number}", version, "model-owner", "retail", "credit", "high"),
                        *(datetime(2026, 3, 1, tzinfo=UTC), "model-owner"),
                    )
                )
