"""The network of a job or a model: its VPC, its isolation, and what its role needs for them.

There is no VPC here: subnets and security groups are kept and described. Isolation is real where
the machine allows it (`mounts.py`).
Sources: SageMaker Developer Guide, "How to use SageMaker AI execution roles" (the actions on EC2
and `kms:CreateGrant`) and "Run Training and Inference Containers in Internet-Free Mode" (no calls,
no credentials). That a job or an endpoint fails, and with which words, is not verified.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from localaws.identity.authorisation.needs.kms import key_arn
from localaws.identity.credentials import Credentials
from localaws.kit.capabilities import Host
from localaws.kit.service import ServiceError
from localaws.sagemaker.machine.failures import WorkFailedError

#: What no container in isolation has.
CREDENTIALS: Final = (
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_ENDPOINT_URL",
)
#: What creates or deletes is asked for on the network interfaces of the account, the rest on `*`.
VPC_ACTIONS: Final = (
    "ec2:CreateNetworkInterface",
    "ec2:CreateNetworkInterfacePermission",
    "ec2:DeleteNetworkInterface",
    "ec2:DeleteNetworkInterfacePermission",
    "ec2:DescribeDhcpOptions",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSubnets",
    "ec2:DescribeVpcs",
)
#: EC2's ids; anything else cannot exist, in whatever account.
_IDS: Final = {
    "Subnets": re.compile(r"subnet-([0-9a-f]{8}|[0-9a-f]{17})"),
    "SecurityGroupIds": re.compile(r"sg-([0-9a-f]{8}|[0-9a-f]{17})"),
}


def network_of(request: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the part of a request that has `VpcConfig` and `EnableNetworkIsolation`."""
    network: Mapping[str, Any] = request.get("NetworkConfig") or request
    return network


def isolated(request: Mapping[str, Any]) -> bool:
    """Tell whether a job's or a model's container has no network."""
    return bool(network_of(request).get("EnableNetworkIsolation"))


def check_vpc(request: Mapping[str, Any]) -> None:
    """Raise ValidationException for ids that are none of a subnet or a security group."""
    vpc = network_of(request).get("VpcConfig") or {}
    for member, pattern in _IDS.items():
        strangers = [name for name in vpc.get(member, ()) if not pattern.fullmatch(name)]
        if strangers:
            kind = "subnet" if member == "Subnets" else "security group"
            raise ServiceError(
                "ValidationException", f"The {kind} ID '{strangers[0]}' does not exist"
            )


def require_role(
    host: Host, role: Credentials, region: str, request: Mapping[str, Any], volume_key: str | None
) -> None:
    """Raise unless a role may attach to the VPC and use the volume's key.

    Raises:
        WorkFailedError: naming the action that the role lacks.
    """
    principal = role.principal
    interfaces = f"arn:aws:ec2:{region}:{principal.account}:network-interface/*"
    needs = [
        (action, "*" if action.startswith("ec2:Describe") else interfaces)
        for action in VPC_ACTIONS
        if network_of(request).get("VpcConfig")
    ]
    if volume_key:
        needs.append(("kms:CreateGrant", key_arn(principal.account, region, volume_key)))
    for action, resource in needs:
        try:
            host.authoriser.check(principal, action, resource)
        except ServiceError as error:
            raise WorkFailedError(f"ClientError: {error.message}") from error
