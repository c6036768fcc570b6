"""A local AWS in this process, on a port of its own, and clients that sign as anybody."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.credentials import Credentials

from localaws.kit.cloud import Cloud
from localaws.server import Accounts, LocalAws, running
from tests.accounts import ACCOUNTS, REGION
from tests.control_route import control

EVERYTHING = {"Effect": "Allow", "Action": "*", "Resource": "*"}
_SESSION = boto3.Session()


@dataclass
class Signer:
    """Somebody with keys."""

    endpoint: str
    key: str
    secret: str
    token: str | None = None

    def client(self, service: str, **options: Any) -> Any:
        return _SESSION.client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id=self.key,
            aws_secret_access_key=self.secret,
            aws_session_token=self.token,
            config=Config(retries={"max_attempts": 0}, **options),
        )


class Aws:
    """What a test holds of a running local AWS."""

    def __init__(self, server: LocalAws) -> None:
        self.server = server
        self.cloud: Cloud = server.cloud
        self.endpoint = server.endpoint
        self.region = REGION

    def account(self, role_or_id: str) -> str:
        return ACCOUNTS.get(role_or_id, role_or_id)

    def administrator(self, role_or_id: str) -> Signer:
        account = self.account(role_or_id)
        secret = self.cloud.credentials.administrator(account).secret
        return Signer(self.endpoint, account, secret)

    def client(self, service: str, role_or_id: str, **options: Any) -> Any:
        return self.administrator(role_or_id).client(service, **options)

    def assume(self, role_or_id: str, role: str, source_identity: str | None = None) -> Signer:
        request = {
            "RoleArn": f"arn:aws:iam::{self.account(role_or_id)}:role/{role}",
            "RoleSessionName": "test",
        }
        if source_identity:
            request["SourceIdentity"] = source_identity
        credentials = self.client("sts", role_or_id).assume_role(**request)["Credentials"]
        return Signer(
            self.endpoint,
            credentials["AccessKeyId"],
            credentials["SecretAccessKey"],
            credentials["SessionToken"],
        )

    def role(
        self,
        role_or_id: str,
        name: str,
        service: str = "sagemaker.amazonaws.com",
        *,
        allow: list[dict[str, Any]] | None = None,
    ) -> str:
        """Make a role that a service and its account may assume and return its ARN.

        It may do everything, or only what the statements of `allow` say (`[]`: nothing).
        """
        trust = {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Effect": "Allow",
                    "Principal": {"Service": service, "AWS": self.account(role_or_id)},
                    "Action": ["sts:AssumeRole", "sts:SetSourceIdentity"],
                }
            ],
        }
        iam = self.client("iam", role_or_id)
        reply = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))
        statements = [EVERYTHING] if allow is None else allow
        if statements:
            document = json.dumps({"Version": "2012-10-17", "Statement": statements})
            iam.put_role_policy(RoleName=name, PolicyName="allowed", PolicyDocument=document)
        return str(reply["Role"]["Arn"])

    def open_queue(self, role_or_id: str, url: str, arn: str) -> None:
        """Let EventBridge rules of the queue's account send to it."""
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {"StringEquals": {"aws:SourceAccount": self.account(role_or_id)}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs = self.client("sqs", role_or_id)
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})

    def advance(self, seconds: float) -> str:
        """Move the clock through the control route, as an administrator would."""
        return str(self.control("POST", "/clock", {"advance_seconds": seconds})["now"])

    def control(
        self, method: str, route: str, document: Any = None, signer: Signer | None = None
    ) -> dict[str, Any]:
        """Ask the control route, as an administrator unless said otherwise."""
        who = signer or self.administrator("governance")
        keys = Credentials(who.key, who.secret, who.token)
        return control(self.endpoint, keys, method, route, document)


@pytest.fixture
def aws() -> Iterator[Aws]:
    """A fresh local AWS with the control route on."""
    accounts = Accounts(REGION, dict(ACCOUNTS), ACCOUNTS["governance"])
    with running(accounts, control=True, check_replies=True, threads=12) as server:
        yield Aws(server)
        assert server.cloud.conformance.document()["violations"] == []
