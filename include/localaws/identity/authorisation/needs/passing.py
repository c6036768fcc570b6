"""iam:PassRole: the permission to pass a role to a service.

Source: IAM User Guide, "Grant a user permissions to pass a role to an AWS service".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localaws.identity.authorisation.request import Need
from localaws.kit.arns import is_arn


def passed(role_arn: Any, service: str, resource_arn: str | None = None) -> Iterator[Need]:
    """Yield iam:PassRole for a parameter that holds a role, nothing if it is absent."""
    if not is_arn(role_arn):
        return
    context = {"iam:PassedToService": service}
    if resource_arn:
        context["iam:AssociatedResourceArn"] = resource_arn
    yield Need("iam:PassRole", str(role_arn), context, own=True)
