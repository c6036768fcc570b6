"""A first bootstrap that fails: it names every account, and can be run again."""

from __future__ import annotations

import json

import pytest

from causeway.errors import DeploymentFailed
from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import load_topology
from causeway_deploy.bootstrapping import bootstrap
from localaws.server import Accounts, running
from stack import up
from stack.users import make_users
from tests.accounts import ACCOUNTS, REGION
from tests.localaws.conftest import Aws

#: A role of the guards that is in the way, by account role.
TAKEN = {AccountRole.DATA: "causeway-eraser", AccountRole.TEST: "causeway-deployer"}


def test_a_failed_first_bootstrap_names_every_account_and_can_be_run_again() -> None:
    with running(Accounts(REGION, dict(ACCOUNTS), ACCOUNTS["governance"])) as server:
        aws, topology, description = Aws(server), load_topology(), server.describe()
        make_users(description, topology)
        trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": trust})
        for role, name in TAKEN.items():
            aws.client("iam", role).create_role(RoleName=name, AssumeRolePolicyDocument=policy)
        administrators = up.administrators(description)
        with pytest.raises(DeploymentFailed, match=r"(?s)data-guards.*Eraser.*test-guards.*Deploy"):
            bootstrap(topology, administrators, roles=TAKEN)
        for role, name in TAKEN.items():
            aws.client("iam", role).delete_role(RoleName=name)
        deployed = bootstrap(topology, administrators, roles=TAKEN)
        assert [item.change for item in deployed] == ["created", "created"]
