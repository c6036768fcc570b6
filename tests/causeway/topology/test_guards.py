"""Guards that are deployed against those that the topology gives: what differs, in words."""

from __future__ import annotations

from typing import Any

from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import load_topology
from causeway.topology.airflow_trust import AirflowTrust
from causeway.topology.guards import DeployedGuards, differences
from causeway.topology.people import Decided, trust_statements
from causeway.topology.stacks import guards_template, parameters

ROLE = AccountRole.SHARED_SERVICES
TOPOLOGY = load_topology()
TEXT = guards_template(ROLE, TOPOLOGY)
VALUES = parameters(ROLE, TOPOLOGY, TEXT)


ENGINEER, OWNER, DOOR = trust_statements(TOPOLOGY.people, "test", TOPOLOGY.airflow.door)
OFFICER, *_ = trust_statements(TOPOLOGY.people, "production", TOPOLOGY.airflow.door)


def trust(*statements: dict[str, Any]) -> dict[Decided, dict[str, Any]]:
    """The trust of the role that decides on test."""
    return {"test": {"Version": "2012-10-17", "Statement": list(statements)}}


def test_what_is_as_declared_is_no_difference() -> None:
    deny = {"Sid": "NoDutyIsAPerson", "Effect": "Deny", "Action": "sts:AssumeRole"}
    current = trust(ENGINEER, OWNER, DOOR, deny)
    assert differences(ROLE, TOPOLOGY, DeployedGuards(f"{TEXT}\n", VALUES, current)) == ()


def test_a_list_of_one_is_its_value() -> None:
    current = trust(
        ENGINEER,
        OWNER
        | {
            "Principal": {"AWS": [OWNER["Principal"]["AWS"]]},
            "Action": list(reversed(OWNER["Action"])),
        },
        DOOR,
    )
    assert differences(ROLE, TOPOLOGY, DeployedGuards(TEXT, VALUES, current)) == ()


def test_a_missing_stack_is_a_difference() -> None:
    (line,) = differences(ROLE, TOPOLOGY, None)
    assert line == "the stack causeway-shared-services-guards does not exist"


def test_every_difference_is_named() -> None:
    stranger = OWNER | {"Sid": "Stranger"}
    changed = OWNER | {"Principal": {"AWS": "arn:aws:iam::444444444444:user/other"}}
    deployed = DeployedGuards(
        TEXT.replace("kms:Decrypt", "kms:*"),
        VALUES | {"OutsideConsumers": "false"},
        trust(changed, stranger) | {"production": {"Version": "2012-10-17", "Statement": []}},
    )
    lines = "; ".join(differences(ROLE, TOPOLOGY, deployed))
    assert "the template differs" in lines
    assert OFFICER["Sid"] in lines
    assert "parameter OutsideConsumers is 'false', declared is 'true'" in lines
    assert "trusts Stranger, whom the topology does not name" in lines
    assert "of production does not trust PersonGovernanceOfficer" in lines
    assert "of test: statement PersonModelOwner" in lines


def test_a_parameter_that_nobody_declares_is_a_difference() -> None:
    deployed = DeployedGuards(TEXT, VALUES | {"Added": "by hand"})
    (line,) = differences(ROLE, TOPOLOGY, deployed)
    assert line == "parameter Added is 'by hand', nobody declares it"


def test_a_principal_of_airflow_that_the_topology_no_longer_names_is_a_difference() -> None:
    role = AccountRole.GOVERNANCE
    text = guards_template(role, TOPOLOGY)
    values = parameters(role, TOPOLOGY, text)
    earlier = TOPOLOGY.airflow.role_arn
    silent = TOPOLOGY.model_copy(update={"airflow": AirflowTrust(door=TOPOLOGY.airflow.door)})
    (line,) = differences(role, silent, DeployedGuards(text, values))
    assert line == f"parameter TrustedAirflowRoleArn is {earlier!r}, declared is ''"
