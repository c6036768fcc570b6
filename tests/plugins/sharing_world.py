"""A local AWS in this process with nothing in it but what a test declares, and the sharing run.

The connections sign as the accounts' administrators: what the least-privilege roles may do is
tried by the lifecycle.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError

from causeway.documents import CONFIG_DIR
from causeway.topology.accounts import load_topology
from causeway.topology.connections import connections
from causeway.use_cases.use_case import USE_CASES_DIR
from localaws.ram import organisation
from localaws.ram.grants import store_of
from localaws.server import Accounts, running
from tests.localaws.conftest import ACCOUNTS, REGION, Aws
from tests.plugins.conftest import keep_clients

OWNERS = ("data", "shared_services")
CASE = (USE_CASES_DIR / "credit_risk.yaml").read_text()


#: Rules that most tests declare.
DEPLOY = {"resource": "model_groups", "grant": "deploy", "to": ["prod"]}
READ_CARD = {"resource": "model_cards", "grant": "read", "to": ["prod"]}


class World:
    """A local AWS, a declared access, and runs of the sharing operators."""

    def __init__(self, aws: Aws, folder: Path, patch: pytest.MonkeyPatch) -> None:
        self.aws = aws
        self.cloud = aws.cloud
        self.folder = folder
        self.patch = patch
        #: Every call of the hooks as (operation, who), in order.
        self.calls: list[tuple[str, str]] = []

    def forget(self) -> None:
        """Empty SageMaker, RAM and the organisation, and the list of calls; the clock stays."""
        own = {"", "aws"}  # histories and slots, which others hold on to
        for key in [key for key in self.cloud._stores if key[1] not in own]:
            del self.cloud._stores[key]
        store_of(self.cloud, REGION).__init__()  # type: ignore[misc]
        organisation.of(self.cloud).dissolve()
        self.calls.clear()
        self.organisation(enabled=False, sharing=False)

    # ------------------------------------------------------------ configuration
    def organisation(self, enabled: bool, sharing: bool) -> None:
        """Say in the topology that there is one, and put the accounts into it."""
        members = organisation.of(self.cloud)
        if enabled and members.management is None:
            members.found(self.cloud.management, set(self.cloud.account_ids()))
        members.sharing = sharing
        document = yaml.load(
            (CONFIG_DIR / "topology" / "local.yaml").read_text(), Loader=yaml.CSafeLoader
        )
        document["organisation"] = {"enabled": enabled, "sharing": sharing, "id": "o-causeway00"}
        document["access"] = []
        path = self.folder / f"topology-{enabled}-{sharing}.yaml"
        path.write_text(json.dumps(document))
        self.patch.setenv("CAUSEWAY_TOPOLOGY", str(path))

    def declare(self, *rules: dict[str, Any], group: str = "credit-risk") -> None:
        """Declare the access of the one use case, whose model has that group."""
        text = CASE.replace("group: credit-risk\n", f"group: {group}\n", 1)
        text += f"\naccess: {json.dumps(rules)}\n"
        # A folder of its own each time: a file of one size and time would be taken as read.
        folder = self.folder / f"use-cases-{len(list(self.folder.glob('use-cases-*')))}"
        folder.mkdir()
        (folder / "credit_risk.yaml").write_text(text)
        self.patch.setenv("CAUSEWAY_USE_CASES", str(folder))

    # ------------------------------------------------------------ the accounts
    def client(self, service: str, role: str, region: str = REGION) -> Any:
        return _client(self.aws, service, role, region)

    def model_group(self, name: str = "credit-risk", region: str = REGION) -> str:
        created = self.client("sagemaker", "shared_services", region).create_model_package_group(
            ModelPackageGroupName=name
        )
        return str(created["ModelPackageGroupArn"])

    def card(self, name: str = "credit-risk") -> str:
        created = self.client("sagemaker", "shared_services").create_model_card(
            ModelCardName=name, Content="{}", ModelCardStatus="Draft"
        )
        return str(created["ModelCardArn"])

    def feature_group(self, name: str) -> str:
        """Create a feature group with an online store and wait until it can be used."""
        client = self.client("sagemaker", "data")
        created = client.create_feature_group(
            FeatureGroupName=name,
            RecordIdentifierFeatureName="record_id",
            EventTimeFeatureName="event_time",
            FeatureDefinitions=[
                {"FeatureName": feature, "FeatureType": "String"}
                for feature in ("record_id", "event_time")
            ],
            OnlineStoreConfig={"EnableOnlineStore": True},
        )
        for _ in range(200):
            status = client.describe_feature_group(FeatureGroupName=name)["FeatureGroupStatus"]
            if status == "Created":
                return str(created["FeatureGroupArn"])
        raise AssertionError(f"{name} is still {status}")

    def shares(self, owner: str = "shared_services") -> list[dict[str, Any]]:
        """The living shares of an owner."""
        listed = self.client("ram", owner).get_resource_shares(resourceOwner="SELF")
        return [share for share in listed["resourceShares"] if share["status"] == "ACTIVE"]

    # ------------------------------------------------------------ running
    def plans(self, owners: Sequence[str] = OWNERS) -> list[list[dict[str, Any]]]:
        from causeway_airflow.operators.sharing import PlanSharesOperator

        return [PlanSharesOperator(task_id="plan", account_role=o).perform({}) for o in owners]

    def run(self, owners: Sequence[str] = OWNERS) -> list[str]:
        """Do what a run of the sharing DAG does; return the words of what it did."""
        from causeway_airflow.operators.sharing import (
            AcceptInvitationsOperator,
            ConvergeShareOperator,
        )
        from causeway_airflow.tasks.sharing_runs import differing_shares, receiving_roles

        plans = self.plans(owners)
        did: list[str] = []
        for share in differing_shares(plans):
            did += ConvergeShareOperator(task_id="converge", **share).perform({})
        for receiver in receiving_roles(plans):
            accepted = AcceptInvitationsOperator(task_id="accept", **receiver).perform({})
            did += [word for word in accepted.values() if word != "done"]
        return [word.split(":")[0] for word in did]


def refused(call: Any, **params: Any) -> None:
    """Assert that AWS denies a call."""
    with pytest.raises(ClientError) as caught:
        call(**params)
    code = caught.value.response["Error"]["Code"]
    assert code in ("AccessDeniedException", "AccessForbidden"), caught.value


@functools.lru_cache(maxsize=256)
def _client(aws: Aws, service: str, role: str, region: str) -> Any:
    if region == REGION:
        return aws.client(service, role)
    signer = aws.administrator(role)
    return boto3.client(
        service,
        region_name=region,
        endpoint_url=aws.endpoint,
        aws_access_key_id=signer.key,
        aws_secret_access_key=signer.secret,
    )


@contextmanager
def world(folder: Path) -> Iterator[World]:
    """Start a local AWS and lead this process's hooks and operators to it."""
    accounts = Accounts(REGION, dict(ACCOUNTS), ACCOUNTS["governance"])
    with pytest.MonkeyPatch.context() as patch, running(accounts, control=True) as server:
        aws = Aws(server)
        local_aws = World(aws, folder, patch)
        patch.setenv("AWS_ENDPOINT_URL", aws.endpoint)
        for connection in connections(load_topology()):
            signer = aws.administrator(connection.role.value)
            patch.setenv(
                f"AIRFLOW_CONN_{connection.conn_id.upper()}",
                json.dumps(
                    {
                        "conn_type": "aws",
                        "login": signer.key,
                        "password": signer.secret,
                        "extra": {"region_name": REGION},
                    }
                ),
            )
        keep_clients(patch)
        patch.setattr("causeway_airflow.triggers.hooks._hooks", {})
        _record_calls(patch, local_aws)
        patch.setattr("causeway_airflow.tasks.clock.now", local_aws.cloud.clock.now)
        patch.setattr("time.sleep", lambda seconds: None)
        patch.setenv("CAUSEWAY_POLL_SECONDS", "0.05")
        local_aws.organisation(enabled=False, sharing=False)
        yield local_aws


def _record_calls(patch: pytest.MonkeyPatch, local_aws: World) -> None:
    from causeway_airflow.hooks.base import CausewayHook

    plain = CausewayHook.call

    def call(hook: CausewayHook, operation: str, **params: Any) -> dict[str, Any]:
        local_aws.calls.append((operation, hook.aws_conn_id))
        return plain(hook, operation, **params)

    patch.setattr(CausewayHook, "call", call)
