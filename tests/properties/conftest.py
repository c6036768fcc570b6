"""A topology and a use case with a third person, who may decide on both stages."""

from __future__ import annotations

import atexit
import logging
import os
import shutil
import tempfile
from collections.abc import Iterator

import pytest

from causeway.documents import CONFIG_DIR
from causeway.use_cases.use_case import USE_CASES_DIR

# Airflow reads its settings when it is imported.
if "AIRFLOW_HOME" not in os.environ:
    os.environ["AIRFLOW_HOME"] = tempfile.mkdtemp(prefix="causeway-airflow-")
    atexit.register(shutil.rmtree, os.environ["AIRFLOW_HOME"], ignore_errors=True)

DEPUTY = """
people:
  deputy: {source_identity: deputy, airflow_user: deputy, decides: [test, production]}
"""
APPROVERS = "approvers: {test: [model-owner], production: [governance-officer]}"
MORE = "approvers: {test: [model-owner, deputy], production: [governance-officer, deputy]}"


@pytest.fixture(scope="module", autouse=True)
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """CloudTrail may be late, as on AWS; one person may decide on both stages."""
    folder = tmp_path_factory.mktemp("configuration")
    topology = (CONFIG_DIR / "topology" / "local.yaml").read_text()
    topology = topology.replace("trail_delay_minutes: 0", "trail_delay_minutes: 15")
    head, _, people = topology.partition("people:")
    _, _, people = people.partition("\n")
    (folder / "topology.yaml").write_text(f"{head.rstrip()}\n{DEPUTY}{people}")
    cases = folder / "use_cases"
    cases.mkdir()
    text = (USE_CASES_DIR / "credit_risk.yaml").read_text()
    assert APPROVERS in text
    (cases / "credit_risk.yaml").write_text(text.replace(APPROVERS, MORE))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CAUSEWAY_TOPOLOGY", str(folder / "topology.yaml"))
        patch.setenv("CAUSEWAY_USE_CASES", str(cases))
        logging.disable(logging.WARNING)  # thousands of tasks
        yield
        logging.disable(logging.NOTSET)
