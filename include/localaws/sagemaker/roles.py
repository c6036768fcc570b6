"""The role that a job or an endpoint acts with."""

from __future__ import annotations

from localaws.identity.credentials import Credentials
from localaws.kit.arns import is_arn, parse_arn
from localaws.kit.service import Call, ServiceError

PRINCIPAL = "sagemaker.amazonaws.com"


def assume_execution_role(call: Call, role_arn: str) -> Credentials:
    """Return temporary credentials of the role for SageMaker.

    Raises:
        ServiceError: ValidationException if it is not of this account, does not exist or does not
            trust SageMaker.
    """
    if not is_arn(role_arn) or parse_arn(role_arn).account != call.account:
        raise ServiceError(
            "ValidationException", f"RoleArn: Cross-account pass role is not allowed: {role_arn}"
        )
    try:
        return call.identities.assume(role_arn, "SageMaker", PRINCIPAL)
    except ServiceError as error:
        raise ServiceError(
            "ValidationException",
            f"Could not assume role {role_arn}. Please ensure that the role exists and allows "
            f"principal '{PRINCIPAL}' to assume the role. ({error.message})",
        ) from error
