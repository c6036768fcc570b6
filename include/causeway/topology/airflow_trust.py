"""Whom Airflow's own role trusts: what the Airflow processes run as.

Sources of the conditions: EKS User Guide, "Assign IAM roles to Kubernetes service accounts" and
"EKS Pod Identity: grant access based on tags"; ECS Developer Guide, "Task IAM role".
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from causeway.documents import Strict

_Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]{1,253}$")]


def _subject(value: str) -> str:
    """Refuse a subject whose `*` stands for more than the last part of one owner's names.

    `repo:*` is every repository of GitHub, `system:serviceaccount:*` every namespace.
    """
    owner = value.split(":")[:-1]
    least = 3 if owner[:1] == ["system"] else 2
    if re.search(r"[?$\s]", value) or len(value) < 3:
        raise ValueError(f"{value!r} is no subject")
    named = [part for part in owner if part]
    if "*" in value and ("*" in "".join(owner) or len(named) < least):
        raise ValueError(
            f"{value!r} lets strangers in; allowed: `*` in the last part alone, after the "
            "repository (repo:<organisation>/<name>:…) or the namespace "
            "(system:serviceaccount:<namespace>:…)"
        )
    return value


class WebIdentity(Strict):
    """Sessions of an OpenID Connect provider of the governance account, such as EKS's or GitHub's.

    `provider` is its address without `https://`. The last part of a subject may hold `*`, after its
    repository or its namespace.
    """

    provider: Annotated[str, StringConstraints(pattern=r"^[a-z0-9.-]+(/[A-Za-z0-9_./-]+)?$")]
    subjects: tuple[Annotated[str, AfterValidator(_subject)], ...] = Field(min_length=1)
    audience: str = "sts.amazonaws.com"


class PodIdentity(Strict):
    """Pods of an EKS cluster that run as a service account, through EKS Pod Identity."""

    cluster: Annotated[
        str, StringConstraints(pattern=r"^arn:aws[a-z-]*:eks:[a-z0-9-]+:[0-9]{12}:.+$")
    ]
    namespace: _Name
    service_account: _Name


class AirflowTrust(Strict):
    """What may take on Airflow's own role; nothing here leaves it to the account's IAM policies.

    `door` is what the API server alone runs as, where people decide in Airflow: it may speak in the
    registry for whoever is signed in. No worker runs as it.
    """

    role_arn: (
        Annotated[
            str,
            StringConstraints(
                pattern=r"^arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:(role|assumed-role|user)/.+$"
            ),
        ]
        | None
    ) = None
    door: (
        Annotated[
            str,
            StringConstraints(pattern=r"^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/.+$"),
        ]
        | None
    ) = None
    web_identity: tuple[WebIdentity, ...] = ()
    pod_identity: tuple[PodIdentity, ...] = ()
    services: tuple[Literal["ec2.amazonaws.com", "ecs-tasks.amazonaws.com"], ...] = ()


def trust_statements(trust: AirflowTrust, *, partition: str, account: str) -> list[dict[str, Any]]:
    """Return the statements for what is not one principal's ARN, which is a template parameter."""
    return [
        *([_door(trust.door)] if trust.door else []),
        *(
            statement
            for n, item in enumerate(trust.web_identity)
            for statement in _web_identity(item, n, partition, account)
        ),
        *(_pod_identity(item, n, account) for n, item in enumerate(trust.pod_identity)),
        *(_service(item, n, account) for n, item in enumerate(trust.services)),
    ]


def _door(arn: str) -> dict[str, Any]:
    """Return the statement for the API server, whose pages read as duties do."""
    return {
        "Sid": "Door",
        "Effect": "Allow",
        "Principal": {"AWS": arn},
        "Action": "sts:AssumeRole",
    }


def _web_identity(
    item: WebIdentity, number: int, partition: str, account: str
) -> Iterator[dict[str, Any]]:
    """Yield a statement for the subjects that are written out, and one for the patterns."""
    provider = f"arn:{partition}:iam::{account}:oidc-provider/{item.provider}"
    audience = {f"{item.provider}:aud": item.audience}
    name = f"{item.provider}:sub"
    patterns = [subject for subject in item.subjects if "*" in subject]
    exact = [subject for subject in item.subjects if "*" not in subject]
    for word, condition in (
        ("", {"StringEquals": {**audience, name: exact}} if exact else None),
        ("Like", {"StringEquals": audience, "StringLike": {name: patterns}} if patterns else None),
    ):
        if condition is not None:
            yield {
                "Sid": f"WebIdentity{number}{word}",
                "Effect": "Allow",
                "Principal": {"Federated": provider},
                "Action": "sts:AssumeRoleWithWebIdentity",
                "Condition": condition,
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
