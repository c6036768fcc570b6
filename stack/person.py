"""A person at work: takes on an approver role as themselves, and approves in the registry.

This is what the real person's tools do: signed in as their own principal, they assume the approver
role of the stage with their own source identity, and `UpdateModelPackage` records the approval.
"""

from __future__ import annotations

from typing import Any

import boto3

from stack.processes import StackError


class Person:
    """A person with approver roles in the shared-services account."""

    def __init__(self, name: str, local: dict[str, Any]) -> None:
        self.name = name
        self._region = local["region"]
        self._endpoint = local["endpoint"]
        self._own = local["people"][name]

    def registry(self, stage: str) -> Any:
        """Return a client of an approver session, taken on with the person's own key.

        Raises:
            StackError: the topology says that the person decides on other stages.
        """
        own = self._own
        if stage not in own["roles"]:
            raise StackError(
                f"{self.name} decides on {', '.join(own['roles'])} by the topology, not on {stage}"
            )
        sts = self._client("sts", own["access_key_id"], own["secret_access_key"])
        session = sts.assume_role(
            RoleArn=own["roles"][stage],
            RoleSessionName=f"{self.name}-session",
            SourceIdentity=own["source_identity"],
        )["Credentials"]
        return self._client(
            "sagemaker",
            session["AccessKeyId"],
            session["SecretAccessKey"],
            session["SessionToken"],
        )

    def say_for_test(self, version_arn: str, word: str, reason: str) -> None:
        """Say `Approved` or `Rejected` on a version's entry into the test account."""
        self.registry("test").update_model_package(
            ModelPackageArn=version_arn,
            ModelApprovalStatus=word,
            ApprovalDescription=reason,
        )

    def say_for_production(self, version_arn: str, word: str, reason: str) -> None:
        """Say `Approved` or `Rejected` on a version's entry into the production account."""
        self.registry("production").update_model_package(
            ModelPackageArn=version_arn,
            ModelLifeCycle={
                "Stage": "Production",
                "StageStatus": word,
                "StageDescription": reason,
            },
        )

    def _client(self, service: str, key: str, secret: str, token: str | None = None) -> Any:
        client: Any = boto3.client  # which service is known at run time only
        return client(
            service,
            region_name=self._region,
            endpoint_url=self._endpoint,
            aws_access_key_id=key,
            aws_secret_access_key=secret,
            aws_session_token=token,
        )


def administrator(local: dict[str, Any], account_role: str, service: str) -> Any:
    """Return a client that signs as an account's administrator."""
    return _session(local, account_role).client(service, endpoint_url=local["endpoint"])


def administrators_resource(local: dict[str, Any], account_role: str, service: str) -> Any:
    """Return a boto3 resource that signs as an account's administrator."""
    return _session(local, account_role).resource(service, endpoint_url=local["endpoint"])


def _session(local: dict[str, Any], account_role: str) -> Any:
    account = local["accounts"][account_role]
    return boto3.Session(
        account["access_key_id"], account["secret_access_key"], region_name=local["region"]
    )
