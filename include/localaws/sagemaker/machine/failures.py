"""Why a job or a variant failed, as a `FailureReason`."""

from __future__ import annotations

from botocore.exceptions import BotoCoreError, ClientError

from localaws.kit.service import ServiceError

LIMIT = 1024  # botocore: the longest FailureReason


class WorkFailedError(Exception):
    """A job or a variant failed; the text is its FailureReason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason[:LIMIT])
        self.reason = reason[:LIMIT]


def client_failed(what: str, role_arn: str, error: ClientError | BotoCoreError) -> WorkFailedError:
    """Return the failure of a call that the execution role made."""
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code", "Unknown")
        message = error.response.get("Error", {}).get("Message", "")
        detail = f"{code}: {message}"
    else:
        detail = str(error)
    return WorkFailedError(f"ClientError: {what} with the role {role_arn} failed: {detail}")


def unsupported_option(option: str) -> ServiceError:
    """Return the error for an option that the local AWS does not support."""
    return ServiceError(
        "UnsupportedOperation", f"the local AWS does not support {option} of SageMaker", 501
    )
