"""What stands in front of an auth manager: it refuses more, and never less.

`tests/security/test_inside_airflow.py` asks Airflow's API server.
"""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[3]
DAGS = ("credit_risk__training", "credit_risk__promotion", "platform__erasure", "unknown", None)


@pytest.fixture(scope="module")
def judged() -> tuple[Any, Any]:
    """The stock auth manager and ours."""
    from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager

    from causeway_airflow.roles.auth_manager import RolesAuthManager

    return SimpleAuthManager(), RolesAuthManager()


def user(role: str | None) -> Any:
    from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

    return SimpleAuthManagerUser(username="somebody", role=role)


def test_nothing_is_allowed_that_the_stock_auth_manager_refuses(judged: tuple[Any, Any]) -> None:
    from airflow.api_fastapi.auth.managers.models.resource_details import (
        DagAccessEntity,
        DagDetails,
    )

    stock, ours = judged
    for role, method, entity, dag_id in itertools.product(
        (None, "viewer", "USER", "op", "Admin"),
        ("GET", "POST", "PUT", "DELETE"),
        (None, *DagAccessEntity),
        DAGS,
    ):
        about: Any = {
            "method": method,
            "user": user(role),
            "access_entity": entity,
            "details": DagDetails(id=dag_id),
        }
        assert not ours.is_authorized_dag(**about) or stock.is_authorized_dag(**about)
        if method == "GET":
            assert ours.is_authorized_dag(**about) == stock.is_authorized_dag(**about)
    for kind in ("connection", "variable", "pool"):
        for role, method in itertools.product(
            (None, "viewer", "user", "op", "admin"), ("GET", "POST", "PUT", "DELETE")
        ):
            about = {"method": method, "user": user(role)}
            allowed = getattr(ours, f"is_authorized_{kind}")(**about)
            assert not allowed or getattr(stock, f"is_authorized_{kind}")(**about)


def test_a_kind_of_write_that_nobody_has_heard_of_is_an_administrators(
    judged: tuple[Any, Any],
) -> None:
    _, ours = judged
    about: Any = {"method": "PUT", "access_entity": "of a later Airflow"}
    assert not ours.is_authorized_dag(user=user("op"), **about)
    assert ours.is_authorized_dag(user=user("admin"), **about)


def test_a_token_counts_for_what_its_log_in_is_now(
    judged: tuple[Any, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, ours = judged
    token = ours.serialize_user(user("admin"))
    setting = "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"
    monkeypatch.setenv(setting, "somebody:user,another:admin")
    assert ours.deserialize_user(dict(token)).role == "user"
    monkeypatch.setenv(setting, "another:admin")
    with pytest.raises(ValueError, match="no log-in 'somebody'"):
        ours.deserialize_user(dict(token))


def test_it_loads_nothing_heavy() -> None:
    code = (
        "import sys, causeway_airflow.roles.auth_manager;"
        "print([name for name in ('boto3', 'mlflow', 'pandas') if name in sys.modules])"
    )
    path = f"{ROOT / 'include'}:{ROOT / 'plugins'}"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | {"PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "[]"
