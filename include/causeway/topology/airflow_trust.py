"""Whom Airflow's own role trusts: what the Airflow processes run as.

Sources of the conditions: EKS User Guide, "Assign IAM roles to Kubernetes service accounts" and
"EKS Pod Identity: grant access based on tags"; ECS Developer Guide, "Task IAM role".
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from causeway.documents import Strict

_Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]{1,253}$")]


class WebIdentity(Strict):
    """Sessions of an OpenID Connect provider of the governance account, such as EKS's or GitHub's.

    `provider` is its address without `https://`. A subject may hold `*`, but not be one.
    """

    provider: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]+(/[\w./-]+)?$")]
    subjects: tuple[Annotated[str, StringConstraints(pattern=r"^[^*?]{3,}.*$")], ...] = Field(
        min_length=1
    )
    audience: str = "sts.amazonaws.com"


class PodIdentity(Strict):
    """Pods of an EKS cluster that run as a service account, through EKS Pod Identity."""

    cluster: Annotated[str, StringConstraints(pattern=r"^arn:aws[a-z-]*:eks:[a-z0-9-]+:\d{12}:.+$")]
    namespace: _Name
    service_account: _Name


class AirflowTrust(Strict):
    """What may take on Airflow's own role; nothing here leaves it to the account's IAM policies."""

    role_arn: (
        Annotated[
            str,
            StringConstraints(
                pattern=r"^arn:aws[a-z-]*:(iam|sts)::\d{12}:(role|assumed-role|user)/.+$"
            ),
        ]
        | None
    ) = None
    web_identity: tuple[WebIdentity, ...] = ()
    pod_identity: tuple[PodIdentity, ...] = ()
    services: tuple[Literal["ec2.amazonaws.com", "ecs-tasks.amazonaws.com"], ...] = ()


def trust_statements(trust: AirflowTrust, *, partition: str, account: str) -> list[dict[str, Any]]:
    """Return the statements for what is not one principal's ARN, which is a template parameter."""
    return [
        *(_web_identity(item, n, partition, account) for n, item in enumerate(trust.web_identity)),
        *(_pod_identity(item, n, account) for n, item in enumerate(trust.pod_identity)),
        *(_service(item, n, account) for n, item in enumerate(trust.services)),
    ]


def _web_identity(item: WebIdentity, number: int, partition: str, account: str) -> dict[str, Any]:
    provider = f"arn:{partition}:iam::{account}:oidc-provider/{item.provider}"
    return {
        "Sid": f"WebIdentity{number}",
        "Effect": "Allow",
        "Principal": {"Federated": provider},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {
            "StringEquals": {f"{item.provider}:aud": item.audience},
            "StringLike": {f"{item.provider}:sub": list(item.subjects)},
        },
    }


def _pod_identity(item: PodIdentity, number: int, account: str) -> dict[str, Any]:
    return {
        "Sid": f"PodIdentity{number}",
        "Effect": "Allow",
        "Principal": {"Service": "pods.eks.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession"],
        "Condition": {
            "StringEquals": {
                "aws:SourceAccount": account,
                "aws:RequestTag/eks-cluster-arn": item.cluster,
                "aws:RequestTag/kubernetes-namespace": item.namespace,
                "aws:RequestTag/kubernetes-service-account": item.service_account,
            }
        },
    }


def _service(service: str, number: int, account: str) -> dict[str, Any]:
    statement: dict[str, Any] = {
        "Sid": f"Service{number}",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sts:AssumeRole",
    }
    # EC2 sends no source account: an instance gets the role by its instance profile.
    if service != "ec2.amazonaws.com":
        statement["Condition"] = {"StringEquals": {"aws:SourceAccount": account}}
    return statement
