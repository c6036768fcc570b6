"""What the tests of plugins and DAGs stand on: a local AWS and the environment that leads to it."""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest

from causeway.topology.account_roles import AccountRole
from causeway.topology.accounts import load_topology
from causeway.use_cases.use_case import UseCase
from causeway_deploy.bootstrapping import bootstrap
from stack import layout, settings, up
from stack.users import DOOR, make_users
from tests import databases, leftovers
from tests.accounts import REGION
from tests.control_route import administrator_keys, control


@dataclass
class LocalPlatform:
    """A running local AWS, and the environment of an Airflow that uses it."""

    endpoint: str
    accounts: dict[str, dict[str, str]]
    environment: dict[str, str]
    folder: Path
    people: dict[str, dict[str, Any]] = field(default_factory=dict)
    door: dict[str, str] = field(default_factory=dict)

    def client(self, service: str, role: str) -> Any:
        """Return a client that signs as the administrator of an account role."""
        keys = self.accounts[role]
        return self._client(service, keys["access_key_id"], keys["secret_access_key"])

    def person(self, name: str, stage: str | None = None) -> Any:
        """Return a SageMaker client of the registry's account for a person who decides."""
        return self._registry(self.approver_session(name, stage))

    def in_airflow(self, name: str, stage: str) -> Any:
        """Return the same as the API server has it, for a person who is signed in to Airflow."""
        own = self.people[name]
        session = self._door().assume_role(
            RoleArn=own["roles"][stage],
            RoleSessionName="airflow",
            SourceIdentity=own["source_identity"],
        )
        return self._registry(session["Credentials"])

    def serve_pages(self) -> None:
        """Take on Airflow's own role as the API server does, whose pages read as duties."""
        account = self.accounts["governance"]["id"]
        self._door().assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/causeway-airflow", RoleSessionName="airflow"
        )

    def _door(self) -> Any:
        return self._client("sts", self.door["access_key_id"], self.door["secret_access_key"])

    def stranger(self, name: str) -> Any:
        """Return the same for a name that no one trusts, under a role made by an administrator."""
        iam, account = self.client("iam", "shared_services"), self.accounts["shared_services"]["id"]
        trust = {"Effect": "Allow", "Principal": {"AWS": account}}
        trust["Action"] = ["sts:AssumeRole", "sts:SetSourceIdentity"]
        write = {"Effect": "Allow", "Action": "sagemaker:UpdateModelPackage", "Resource": "*"}
        with contextlib.suppress(iam.exceptions.EntityAlreadyExistsException):
            iam.create_role(RoleName="side-door", AssumeRolePolicyDocument=_policy(trust))
            iam.put_role_policy(
                RoleName="side-door", PolicyName="write", PolicyDocument=_policy(write)
            )
        session = self.client("sts", "shared_services").assume_role(
            RoleArn=f"arn:aws:iam::{account}:role/side-door",
            RoleSessionName="somebody",
            SourceIdentity=name,
        )
        return self._registry(session["Credentials"])

    def deploy(
        self,
        *roles: str,
        topology: Path = layout.TOPOLOGY,
        use_cases: Iterable[UseCase] | None = None,
    ) -> list[str]:
        """Deploy the stacks of account roles as their administrators; return what changed."""
        described = {
            "endpoint": self.endpoint,
            "region": REGION,
            "accounts": {role: self.accounts[role] for role in roles},
        }
        deployed = bootstrap(
            load_topology(topology),
            up.administrators(described),
            roles=[AccountRole(role) for role in roles],
            use_cases=use_cases,
        )
        return [item.stack for item in deployed if item.change != "unchanged"]

    def approver_session(self, name: str, stage: str | None = None) -> dict[str, str]:
        """Return credentials of an approver role, taken on by a person with their own key."""
        own = self.people[name]
        role_arn = own["roles"][stage] if stage else next(iter(own["roles"].values()))
        sts = self._client("sts", own["access_key_id"], own["secret_access_key"])
        session: dict[str, str] = sts.assume_role(
            RoleArn=role_arn,
            RoleSessionName="somebody",
            SourceIdentity=own["source_identity"],
        )["Credentials"]
        return session

    def faults(self, method: str, document: Any = None) -> Any:
        """Put a fault in force (POST), tell which are (GET), take all out of force (DELETE)."""
        return self.control(method, "/faults", document)

    def control(self, method: str, route: str, document: Any = None) -> dict[str, Any]:
        """Ask the control route as an administrator."""
        signer = administrator_keys(self.accounts["governance"])
        return control(self.endpoint, signer, method, route, document)

    def _registry(self, keys: dict[str, str]) -> Any:
        return self._client(
            "sagemaker", keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]
        )

    def _client(self, service: str, key: str, secret: str, token: str | None = None) -> Any:
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
        )


def _policy(statement: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@contextlib.contextmanager
def local_platform(
    folder: Path, *, airflow: bool = False, accounts: bool = True
) -> Iterator[LocalPlatform]:
    """Start a local AWS of its own; it ends with the context.

    With it come an empty database of MLflow and, for whoever runs DAGs, one of Airflow. Without
    `accounts` nothing is deployed but the users.
    """
    with pytest.MonkeyPatch.context() as patch:
        for name in ("STATE", "AIRFLOW_HOME", "AWS_HOME", "DOOR_HOME", "PEOPLE_HOME", "INBOX"):
            patch.setattr(layout, name, folder / name.lower())
        description, log = folder / "localaws.json", folder / "localaws.log"
        with log.open("w") as out:
            server = subprocess.Popen(
                [
                    *(sys.executable, "-m", "localaws", "--control", "--check-replies"),
                    *("--topology", str(layout.TOPOLOGY), "--describe", str(description)),
                    *("--port", "0"),  # any: two test processes may start at once
                ],
                env=settings.base(),
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            leftovers.note_process("localaws", server.pid)
            databases.mlflow_database(folder / "mlflow.db")
            if airflow:
                databases.airflow_database(layout.AIRFLOW_HOME / "airflow.db")
            deadline = time.monotonic() + 60
            while not description.exists():
                assert server.poll() is None and time.monotonic() < deadline, log.read_text()
                time.sleep(0.1)
            described = json.loads(description.read_text())
            topology = load_topology(layout.TOPOLOGY)
            users = make_users(described, topology)
            settings.write_aws_files(described, topology, users)
            if accounts:
                bootstrap(topology, up.administrators(described))
            environment = settings.airflow(
                topology,
                described["endpoint"],
                f"sqlite:///{folder / 'mlflow.db'}",
                1,  # no API server runs in these tests
                {},
                settings.new_keys(),
            )
            environment["CAUSEWAY_POLL_SECONDS"] = "0.2"
            environment["CAUSEWAY_PATIENCE_SECONDS"] = "0"  # waits are tested in their triggers
            yield LocalPlatform(
                described["endpoint"],
                described["accounts"],
                environment,
                folder,
                up.people(topology, users),
                users[DOOR],
            )
        finally:
            server.terminate()
            server.wait(60)
