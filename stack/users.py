"""The IAM users of the local stack: one for each person of the topology, two for Airflow.

Real accounts have their own sign-in; docs/real-accounts.md says how a person gets a session there.
Nobody uses an administrator's key: a person's user may take on the approver roles of the stages
that they decide on and nothing else, Airflow's user may take on Airflow's own role and nothing
else. The API server has a user of its own, the door: it may also take on the approver roles, as
whom it has seen sign in.
"""

from __future__ import annotations

import json
from typing import Any, Final, get_args

import boto3

from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import Topology
from causeway.topology.people import Decided
from stack.processes import StackError

Keys = dict[str, str]

#: Whose keys Airflow's processes hold, beside the people; the API server alone has the door's.
AIRFLOW, DOOR = "airflow", "airflow-door"
#: Who decides takes on a role as who they are.
_AS_A_PERSON: Final = ("sts:AssumeRole", "sts:SetSourceIdentity")


def make_users(description: dict[str, Any], topology: Topology) -> dict[str, Keys]:
    """Make the users and return their access keys, by the person's name; Airflow's as `airflow`.

    `description` is what the local AWS says of itself: its endpoint and the administrators' keys.
    """
    own_role = topology.role_arn(AccountRole.GOVERNANCE, "airflow")
    users = {
        name: (
            person.principal.iam_user,
            list(approver_roles(topology, name).values()),
            list(_AS_A_PERSON),
        )
        for name, person in topology.people.items()
        if person.decides and person.principal and person.principal.iam_user
    }
    if topology.airflow.role_arn:
        users[AIRFLOW] = (topology.airflow.role_arn, [own_role], ["sts:AssumeRole"])
    if topology.airflow.door:
        deciding = [
            topology.role_arn(AccountRole.SHARED_SERVICES, f"{stage}-approver")
            for stage in get_args(Decided)
        ]
        users[DOOR] = (topology.airflow.door, [own_role, *deciding], list(_AS_A_PERSON))
    clients: dict[str, Any] = {}
    return {
        name: _make_user(_administrator(clients, description, user_arn), user_arn, roles, actions)
        for name, (user_arn, roles, actions) in users.items()
    }


def approver_roles(topology: Topology, name: str) -> dict[str, str]:
    """Return the approver roles that a person may take on, by stage."""
    return {
        stage: topology.role_arn(AccountRole.SHARED_SERVICES, f"{stage}-approver")
        for stage in topology.people[name].decides
    }


def _make_user(iam: Any, user_arn: str, role_arns: list[str], actions: list[str]) -> Keys:
    path, _, name = user_arn.partition(":user")[2].rpartition("/")
    iam.create_user(UserName=name, Path=f"{path}/")
    statement = {"Effect": "Allow", "Action": actions, "Resource": role_arns}
    document = {"Version": "2012-10-17", "Statement": [statement]}
    iam.put_user_policy(
        UserName=name, PolicyName="take-on-roles", PolicyDocument=json.dumps(document)
    )
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"access_key_id": key["AccessKeyId"], "secret_access_key": key["SecretAccessKey"]}


def _administrator(clients: dict[str, Any], description: dict[str, Any], user_arn: str) -> Any:
    account = user_arn.split(":")[4]
    if account not in clients:
        keys = next((a for a in description["accounts"].values() if a["id"] == account), None)
        if keys is None:
            raise StackError(f"{user_arn}: the local AWS has no account {account}")
        clients[account] = boto3.client(
            "iam",
            region_name=description["region"],
            endpoint_url=description["endpoint"],
            aws_access_key_id=keys["access_key_id"],
            aws_secret_access_key=keys["secret_access_key"],
        )
    return clients[account]
