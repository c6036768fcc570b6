"""The door: as whom the API server decides for people who are signed in to Airflow."""

from __future__ import annotations

import pytest

from causeway.errors import ConfigError
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import load_topology
from causeway.topology.people import trust_statements
from causeway.topology.stacks import guards_template
from tests.causeway.topology.test_airflow_trust import topology

ROLE = "arn:aws:iam::444444444444:role/airflow-api-server"
NODES = "arn:aws:iam::444444444444:role/airflow-nodes"


def test_the_door_is_let_in_with_the_identities_of_who_decides_on_the_stage_alone() -> None:
    people = load_topology().people
    *_, statement = trust_statements(people, "test", ROLE)
    assert statement["Principal"] == {"AWS": ROLE}
    assert statement["Condition"] == {
        "StringEquals": {"sts:SourceIdentity": ["ml-engineer", "model-owner"]}
    }
    *_, statement = trust_statements(people, "production", ROLE)
    assert statement["Condition"] == {
        "StringEquals": {"sts:SourceIdentity": ["governance-officer", "risk-officer"]}
    }


def test_without_a_door_nobody_is_let_in_but_people() -> None:
    people = load_topology().people
    sids = [statement["Sid"] for statement in trust_statements(people, "test")]
    assert all(sid.startswith("Person") for sid in sids)


def test_the_door_reads_for_the_pages_as_airflow_does() -> None:
    text = guards_template(
        AccountRole.GOVERNANCE, topology(f'{{role_arn: "{NODES}", door: "{ROLE}"}}')
    )
    trust = text.split("RoleName: causeway-airflow\n")[1].split("Policies:")[0]
    assert ROLE in trust


@pytest.mark.parametrize(
    ("airflow", "message"),
    [
        (f'{{door: "{ROLE}"}}', "say what the other Airflow processes run as"),
        (f'{{role_arn: "{ROLE}", door: "{ROLE}"}}', "a task could decide as anybody"),
        (
            f'{{role_arn: "{NODES}", door: "arn:aws:iam::444444444444:role/causeway-door"}}',
            "no role in that is named causeway-",
        ),
        (
            f'{{role_arn: "{NODES}", door: "arn:aws:iam::666666666666:role/web"}}',
            "in the account of prod",
        ),
        ('{door: "arn:aws:sts::444444444444:assumed-role/web/s"}', "airflow.door"),
    ],
)
def test_a_door_that_others_could_go_through_is_refused(airflow: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        topology(airflow)
