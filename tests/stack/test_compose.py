"""docker-compose.yaml is valid by the Compose specification, and binds nothing to the world.

The schema in tests/data is the Compose specification's (compose-spec project, Apache-2.0), as
docker-compose 1.29.2 shipped it.
"""

from __future__ import annotations

import json
from pathlib import Path

import jsonschema
import yaml

ROOT = Path(__file__).parents[2]
COMPOSE = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())
SCHEMA = json.loads((ROOT / "tests/data/compose-spec.schema.json").read_text())


def test_compose_file_is_valid_by_the_specification() -> None:
    problems = jsonschema.Draft7Validator(SCHEMA).iter_errors(COMPOSE)
    assert [problem.message for problem in problems] == []


def test_every_service_is_one_that_the_stack_knows_and_publishes_no_port() -> None:
    components = {"localaws", "mlflow", "migrate", "api-server", "scheduler", "dag-processor"}
    for name, service in COMPOSE["services"].items():
        assert "ports" not in service, name
        if name != "postgres":
            assert service["command"][0] == "stack.container"
            assert service["command"][1] in components | {"triggerer"}


def test_no_password_is_written_in_the_file() -> None:
    text = (ROOT / "docker-compose.yaml").read_text()
    assert "${POSTGRES_PASSWORD:?" in text
    for line in text.splitlines():
        if "PASSWORD:" in line and not line.lstrip().startswith("#"):
            assert "${" in line
