"""A person at work: signs in to AWS with a source identity, and approves in the registry.

This is what the real person's tools do: the identity provider sets `sts:SourceIdentity`, the
approver role is assumed, and `UpdateModelPackage` records the approval in the registry.
"""

from __future__ import annotations

from typing import Any

import boto3


class Person:
    """A person with an approver role in the shared-services account."""

    def __init__(self, name: str, local: dict[str, Any]) -> None:
        account = local["accounts"]["shared_services"]
        self.name = name
        self._region = local["region"]
        self._endpoint = local["endpoint"]
        sts = self._client("sts", account["access_key_id"], account["secret_access_key"])
        session = sts.assume_role(
            RoleArn=local["people"][name]["role_arns"][0],
            RoleSessionName=f"{name}-session",
            SourceIdentity=name,
        )["Credentials"]
        self._sagemaker = self._client(
            "sagemaker",
            session["AccessKeyId"],
            session["SecretAccessKey"],
            session["SessionToken"],
        )

    def approve_for_test(self, version_arn: str, reason: str) -> None:
        """Approve a version's entry into the test account."""
        self._sagemaker.update_model_package(
            ModelPackageArn=version_arn,
            ModelApprovalStatus="Approved",
            ApprovalDescription=reason,
        )

    def approve_for_production(self, version_arn: str, reason: str) -> None:
        """Approve a tested version's entry into the production account."""
        self._sagemaker.update_model_package(
            ModelPackageArn=version_arn,
            ModelLifeCycle={
                "Stage": "Production",
                "StageStatus": "Approved",
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
