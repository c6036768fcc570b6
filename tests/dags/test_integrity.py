"""Every DAG keeps the rules: it parses light, says what it does, has the one set of defaults.

The DAGs are parsed in a process of their own, so that what they import can be seen.
"""

from __future__ import annotations

import ast
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests import how_tos

#: What a topology may declare and the shipped one does not: some tasks are there only then.
OPTIONS = """
mlflow: {managed: causeway, size: Small}
model_cards: {spokes: [data_science]}
"""
#: What operators are built on does not stand in a DAG itself.
BASES = {
    "CausewayOperator",
    "JobOperator",
    "JudgingOperator",
    "PromotionOperator",
    "TrainingOperator",
    "WaitingOperator",
}
ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("boto3", "botocore", "pandas", "mlflow", "sklearn", "xgboost", "pyarrow", "numpy")
PARSE = """
import json, sys
import airflow.sdk
from airflow.dag_processing.dagbag import DagBag
bag = DagBag(sys.argv[1])
loaded = sorted(sys.modules)

def first_run(dag):
    # When the scheduler would first run a DAG that it saw at noon.
    import time_machine
    from airflow.serialization.serialized_objects import DagSerialization

    known = DagSerialization.from_dict(DagSerialization.to_dict(dag))
    with time_machine.travel("2026-03-03T12:02:00+00:00", tick=False):
        info = known.next_dagrun_info(last_automated_run_info=None)
    return info and info.run_after.isoformat()

print("RESULT" + json.dumps({
    "errors": {str(k): str(v) for k, v in bag.import_errors.items()},
    "modules": loaded,
    "dags": {
        dag.dag_id: {
            "doc": dag.doc_md,
            "tags": sorted(dag.tags),
            "description": dag.description,
            "owners": sorted({task.owner for task in dag.tasks}),
            "retries": {task.task_id: task.retries for task in dag.tasks},
            "timeouts": {
                task.task_id: task.execution_timeout and task.execution_timeout.total_seconds()
                for task in dag.tasks
            },
            "operators": {task.task_id: task.operator_class.__name__
                          if hasattr(task, "operator_class") else type(task).__name__
                          for task in dag.tasks},
            "upstream": {task.task_id: sorted(task.upstream_task_ids) for task in dag.tasks},
            "max_active_runs": dag.max_active_runs,
            "catchup": dag.catchup,
            "first_run": first_run(dag),
            "params": {k: v.schema for k, v in dag.params.items()},
            "defaults": {k: v.value for k, v in dag.params.items() if v.has_value},
            "file": dag.fileloc,
        }
        for dag in bag.dags.values()
    },
}))
"""


def parse(folder: Path, home: Path, **more: str) -> dict[str, Any]:
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PYTHONPATH": f"{ROOT / 'include'}:{ROOT / 'plugins'}",
        **more,
    }
    ended = subprocess.run(
        [sys.executable, "-c", PARSE, str(folder)],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
    )
    line = next((x for x in ended.stdout.splitlines() if x.startswith("RESULT")), None)
    assert line, ended.stdout + ended.stderr
    found: dict[str, Any] = json.loads(line.removeprefix("RESULT"))
    return found


@pytest.fixture(scope="module")
def parsed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    yield parse(ROOT / "dags", tmp_path_factory.mktemp("home"))


def test_every_dag_of_the_flow_is_there_and_parses(parsed: dict[str, Any]) -> None:
    assert parsed["errors"] == {}
    assert set(parsed["dags"]) == {
        "platform__access_log",
        "platform__access_review",
        "platform__accounts",
        "platform__audit",
        "platform__catalogue",
        "platform__erasure",
        "platform__feature_health",
        "platform__feature_retirement",
        "platform__lineage",
        "platform__live_models",
        "platform__sharing",
        "platform__governance_sync",
        "platform__preflight",
        "platform__reports",
        "platform__use_case",
        *(
            f"{case}__{of}"
            for case in ("california_housing", "credit_risk")
            for of in ("features", "training", "promotion", "rollback", "retire", "lineage_report")
        ),
    }


def test_parsing_loads_nothing_heavy(parsed: dict[str, Any]) -> None:
    assert [name for name in HEAVY if name in parsed["modules"]] == []
    # Airflow itself reads every provider's description; nothing of their code may be loaded.
    code = {
        name
        for name in parsed["modules"]
        if name.startswith("airflow.providers.")
        and name.count(".") > 2
        and not name.endswith((".get_provider_info", ".version", ".version_compat"))
    }
    allowed = ("airflow.providers.standard.", "airflow.providers.common.")
    assert [name for name in sorted(code) if not name.startswith(allowed)] == []


def test_a_training_is_parsed_without_what_only_its_tasks_need(tmp_path: Path) -> None:
    found = parse(ROOT / "dags" / "training.py", tmp_path)
    assert found["dags"]
    of_tasks = ("comparison", "datasets", "gates", "jobs", "model_cards", "registry", "sharing")
    loaded = [name for name in of_tasks if f"causeway.{name}" in found["modules"]]
    assert loaded == []


def test_every_dag_says_what_it_does_how_to_run_it_again_and_how_to_go_back(
    parsed: dict[str, Any],
) -> None:
    for dag_id, dag in parsed["dags"].items():
        for part in ("What it does", "When", "Accounts touched", "Re-run", "Roll back"):
            # A promotion is never started by hand: it says who starts it instead.
            if (dag_id.endswith("__promotion"), part) != (True, "When"):
                assert f"**{part}.**" in dag["doc"], f"{dag_id}: {part}"


def test_owners_are_those_of_the_use_case_and_the_platform(parsed: dict[str, Any]) -> None:
    owners = {dag_id: dag["owners"] for dag_id, dag in parsed["dags"].items()}
    assert owners["platform__accounts"] == ["ml-platform"]
    assert owners["credit_risk__features"] == ["model-owner"]
    assert owners["credit_risk__training"] == ["ml-engineer"]
    assert all(len(found) == 1 for found in owners.values())


def test_every_task_is_bounded_in_time_but_the_wait_for_people(parsed: dict[str, Any]) -> None:
    unbounded = {
        (dag_id, task)
        for dag_id, dag in parsed["dags"].items()
        for task, seconds in dag["timeouts"].items()
        if seconds is None
    }
    # The sensors are bounded by their trigger's timeout.
    assert unbounded == {
        (f"{model}__promotion", f"approval_for_{target}")
        for model in ("california_housing", "credit_risk")
        for target in ("test", "production")
    }


def test_no_dag_catches_up_and_only_promotions_run_side_by_side(parsed: dict[str, Any]) -> None:
    for dag_id, dag in parsed["dags"].items():
        assert dag["catchup"] is False
        assert dag["max_active_runs"] == (64 if dag_id.endswith("__promotion") else 1)
        assert dag["tags"]


def test_every_parameter_explains_itself(parsed: dict[str, Any]) -> None:
    for dag in parsed["dags"].values():
        for schema in dag["params"].values():
            assert schema["title"] and schema["type"]


def test_every_form_can_be_sent_with_its_defaults_but_for_a_reason(parsed: dict[str, Any]) -> None:
    """Airflow's form takes a text that is not null as required: an empty one is refused."""
    for dag_id, dag in parsed["dags"].items():
        for name, schema in dag["params"].items():
            empty = dag["defaults"].get(name, "") == ""
            required = schema["type"] == "string" and empty
            by_hand = dag_id.endswith(("__rollback", "__retire", "__feature_retirement"))
            assert required == (by_hand and name in ("reason", "feature")), (dag_id, name)


def test_every_dag_is_described_and_tagged_with_its_use_case(parsed: dict[str, Any]) -> None:
    for dag_id, dag in parsed["dags"].items():
        assert dag["description"] and len(dag["description"]) < 100, dag_id
        of_platform = dag_id.startswith("platform__")
        assert of_platform or {"credit_risk", "california_housing"} & set(dag["tags"]), dag_id


def test_nothing_goes_to_production_before_its_card_tells_of_its_test(
    parsed: dict[str, Any],
) -> None:
    upstream = parsed["dags"]["credit_risk__promotion"]["upstream"]
    assert upstream["deploy_to_production"] == ["approval_for_production", "card_tested"]
    assert upstream["card_tested"] == ["card_for_review", "test_endpoint"]


def test_a_promotion_takes_any_parameter(parsed: dict[str, Any]) -> None:
    # One that does not pass would end the triggerer, where its sensors start (dags/promotion.py).
    for schema in parsed["dags"]["credit_risk__promotion"]["params"].values():
        assert "null" in schema["type"] and "pattern" not in schema and "minimum" not in schema


def test_every_operator_of_ours_stands_in_a_dag_or_in_a_how_to(tmp_path: Path) -> None:
    topology = tmp_path / "topology.yaml"
    topology.write_text((ROOT / "include/config/topology/local.yaml").read_text() + OPTIONS)
    found = parse(ROOT / "dags", tmp_path, CAUSEWAY_TOPOLOGY=str(topology))
    assert found["errors"] == {}
    used = {name for dag in found["dags"].values() for name in dag["operators"].values()}
    assert declared_operators() - used - how_tos.executed_operators() == set()


def declared_operators() -> set[str]:
    """Return the operators and sensors of the plugin that a DAG may use."""
    declared = set()
    for path in (ROOT / "plugins" / "causeway_airflow").glob("*s/*.py"):
        for node in ast.parse(path.read_text()).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                above = [ast.unparse(base).partition("[")[0] for base in node.bases]
                if any(base.endswith(("Operator", "Sensor")) for base in above):
                    declared.add(node.name)
    return declared - BASES


def test_a_second_use_case_needs_yaml_alone(tmp_path: Path) -> None:
    cases = tmp_path / "use_cases"
    cases.mkdir()
    text = (ROOT / "include" / "config" / "use_cases" / "credit_risk.yaml").read_text()
    (cases / "credit_risk.yaml").write_text(text)
    other = text.replace("id: credit_risk", "id: loan_risk").replace("credit-risk", "loan-risk")
    (cases / "loan_risk.yaml").write_text(other.replace("- name: credit_risk", "- name: loan_risk"))
    found = parse(ROOT / "dags", tmp_path, CAUSEWAY_USE_CASES=str(cases))
    assert found["errors"] == {}
    assert {
        "loan_risk__features",
        "loan_risk__training",
        "loan_risk__promotion",
        "credit_risk__promotion",
    } <= set(found["dags"])


def test_a_mistake_in_a_use_case_is_an_import_error_that_names_file_key_and_allowed(
    tmp_path: Path,
) -> None:
    cases = tmp_path / "use_cases"
    cases.mkdir()
    text = (ROOT / "include" / "config" / "use_cases" / "credit_risk.yaml").read_text()
    (cases / "credit_risk.yaml").write_text(text.replace("risk: high\nowner", "risks: high\nowner"))
    found = parse(ROOT / "dags", tmp_path, CAUSEWAY_USE_CASES=str(cases))
    error = found["errors"][str(ROOT / "dags" / "features.py")]
    assert "credit_risk.yaml: risks: unknown key" in error
    assert "platform__sharing" in found["dags"]


def test_a_mistake_in_a_use_case_leaves_the_dags_of_others_and_is_an_import_error(
    tmp_path: Path,
) -> None:
    cases = tmp_path / "use_cases"
    shutil.copytree(ROOT / "include" / "config" / "use_cases", cases)
    path = cases / "california_housing.yaml"
    path.write_text(path.read_text().replace("trainer: ", "trainer: no-"))
    found = parse(ROOT / "dags", tmp_path, CAUSEWAY_USE_CASES=str(cases))
    ((file, error),) = found["errors"].items()
    assert Path(file).name == "platform_erasure.py" and "california_housing.yaml: " in error
    assert {"credit_risk__features", "credit_risk__promotion"} <= set(found["dags"])
    assert "california_housing__features" not in found["dags"]


def test_no_schedule_makes_up_for_what_lies_back(parsed: dict[str, Any]) -> None:
    first = {dag_id: dag["first_run"] for dag_id, dag in parsed["dags"].items()}
    assert {dag_id: moment for dag_id, moment in first.items() if moment} == {
        "platform__access_log": "2026-04-01T04:30:00+00:00",
        "platform__access_review": "2026-03-09T05:00:00+00:00",
        "platform__audit": "2026-03-04T04:00:00+00:00",
        "platform__feature_health": "2026-03-03T13:00:00+00:00",
        "platform__governance_sync": "2026-03-03T12:05:00+00:00",
        "platform__lineage": "2026-03-04T03:15:00+00:00",
        "platform__live_models": "2026-03-03T12:30:00+00:00",
        "platform__reports": "2026-04-01T04:00:00+00:00",
        "platform__sharing": "2026-03-04T00:00:00+00:00",
    }
