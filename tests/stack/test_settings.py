"""The log-ins of the stack."""

from __future__ import annotations

from causeway.topology.accounts import load_topology
from causeway.topology.people import Person
from stack.settings import AIRFLOW_ROLES, log_ins


def test_every_person_of_the_topology_has_a_log_in() -> None:
    topology = load_topology()
    users = {
        "head": Person(source_identity="head", airflow_user="h.ead", decides=("production",)),
        "trainee": Person(source_identity="trainee", airflow_user="t.rainee"),
    }
    topology = topology.model_copy(update={"people": dict(topology.people) | users})
    roles = {log_in: user["role"] for log_in, user in log_ins(topology).items()}
    assert roles == AIRFLOW_ROLES | {"h.ead": "op", "t.rainee": "user"}
    passwords = {user["password"] for user in log_ins(topology).values()}
    assert len(passwords) == len(roles)
