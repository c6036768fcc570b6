"""P7: what parsing a DAG file costs beyond importing `airflow.sdk`, and for each further use case.

Each measurement is a fresh interpreter that has imported `airflow.sdk` and then executes the file,
as a forked DAG parser does; CPU time of that part only.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.perf.figures import ROOT, Figure, interleaved

HEAVY = ("boto3", "pandas", "mlflow", "sklearn", "xgboost", "airflow.providers.amazon.aws")
TYPICAL = """
import boto3, pandas
from airflow.providers.amazon.aws.operators.sagemaker import SageMakerTrainingOperator
from airflow.sdk import dag
"""
PROBE = """
import json, runpy, sys, time
import airflow.sdk
started = time.process_time()
runpy.run_path(sys.argv[1])
spent = (time.process_time() - started) * 1000
heavy = [name for name in sys.argv[2].split(",") if name in sys.modules]
print("\\n" + json.dumps({"ms": spent, "heavy": heavy}))
"""


def measure() -> Figure:
    """Measure the use cases' DAG file with one and with six use cases, and a typical DAG file."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        one, six = _use_cases(folder / "one", 1), _use_cases(folder / "six", 6)
        typical = folder / "typical.py"
        typical.write_text(TYPICAL)
        generated = ROOT / "dags" / "training.py"
        medians = interleaved(
            {
                "one": lambda: _spent(generated, one),
                "six": lambda: _spent(generated, six),
                "typical": lambda: _spent(typical, one, check=False),
            }
        )
    further = (medians["six"] - medians["one"]) / 5
    return Figure(
        ours=round(medians["one"], 1),
        unit="ms CPU, first use case",
        goal="<= 1/12 of the typical file for the first, <= 1/60 for each further use case",
        met=medians["one"] <= medians["typical"] / 12 and further <= medians["typical"] / 60,
        peers={"typical DAG file": round(medians["typical"], 1)},
        ratio=round(medians["one"] / medians["typical"], 4),
        note=f"each further use case {further:.1f} ms (measured at 1 and 6: linear)",
    )


def _use_cases(folder: Path, count: int) -> Path:
    folder.mkdir()
    source = ROOT / "include" / "config" / "use_cases" / "credit_risk.yaml"
    shutil.copy(source, folder / source.name)
    text = source.read_text()
    for number in range(2, count + 1):
        renamed = text.replace("credit_risk", f"case{number}").replace(
            "credit-risk", f"case{number}"
        )
        (folder / f"case{number}.yaml").write_text(renamed)
    return folder


def _spent(file: Path, use_cases: Path, *, check: bool = True) -> float:
    environment = os.environ | {
        "CAUSEWAY_USE_CASES": str(use_cases),
        "PYTHONPATH": f"{ROOT / 'include'}:{ROOT / 'plugins'}",
    }
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # a deployed parser has its bytecode
    done = subprocess.run(
        [sys.executable, "-c", PROBE, str(file), ",".join(HEAVY)],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    found = json.loads(done.stdout.splitlines()[-1])
    if check and found["heavy"]:
        raise AssertionError(f"{file.name} imports {found['heavy']} when it is parsed")
    return float(found["ms"])
