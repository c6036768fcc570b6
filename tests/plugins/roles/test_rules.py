"""The table of roles: which line counts, and what the documentation says of it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from causeway_airflow.roles.rules import RULES, Deed, Role, Rule, lowest
from stack.settings import AIRFLOW_ROLES
from tests.compose.file import services

PAGE = (Path(__file__).parents[3] / "docs" / "airflow-access.md").read_text()


def test_the_first_line_that_fits_a_dag_counts() -> None:
    assert lowest(Deed.START, "credit_risk__training") is Role.USER
    assert lowest(Deed.START, "credit_risk__promotion") is Role.ADMIN
    assert lowest(Deed.RERUN, "credit_risk__promotion") is Role.OP


@pytest.mark.parametrize("dag_id", ["platform__new", "something", "", "platform__Erasure"])
def test_a_dag_without_a_line_is_an_operators(dag_id: str) -> None:
    assert lowest(Deed.START, dag_id) is lowest(Deed.RERUN, dag_id) is Role.OP


@pytest.mark.parametrize("deed", Deed)
def test_a_request_that_names_no_dag_needs_the_highest_role_of_all_lines(deed: Deed) -> None:
    assert lowest(deed, None) is max(rule.lowest(deed) for rule in RULES)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.dags)
def test_no_line_opens_administration_or_closes_looking(rule: Rule) -> None:
    assert rule.lowest(Deed.ADMINISTER) is Role.ADMIN
    assert rule.lowest(Deed.LOOK) is Role.VIEWER


def test_the_page_shows_the_table_as_it_is() -> None:
    lines = re.findall(r"^\| `([\w*]+)` \| (\w+) \| (\w+) \|$", PAGE, re.MULTILINE)
    table = [(rule.dags, rule.start.name.lower(), rule.rerun.name.lower()) for rule in RULES]
    assert lines == table


def test_the_page_and_the_containers_have_the_log_ins_of_the_stack() -> None:
    shown = re.findall(r"^\| `([\w-]+)` \| (\w+) \| .* \|$", PAGE, re.MULTILINE)
    assert {name: role for name, role in shown if "-" in name or name == "auditor"} == AIRFLOW_ROLES
    users = services({}, set())["airflow-api-server"].environment
    text = users["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS"]
    assert dict(user.split(":") for user in text.split(",")) == AIRFLOW_ROLES
