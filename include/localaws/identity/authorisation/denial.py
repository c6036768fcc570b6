"""A denial as the error of the service that was called.

Codes and statuses: "Common errors" and the errors of each API's reference. A denied call through a
JSON protocol is HTTP 400, through REST or query it is 403.
"""

from __future__ import annotations

from localaws.kit.service import ServiceError

DENIED, DENIED_EXCEPTION = ("AccessDenied", 403), ("AccessDeniedException", 400)
CODES = {
    "s3": DENIED,
    "sts": DENIED,
    "iam": DENIED,
    "cloudformation": DENIED,
    "cloudwatch": DENIED,
    "sqs": DENIED,
    "sns": ("AuthorizationError", 403),
    "ram": ("AccessDeniedException", 403),
    "sagemaker-runtime": ("AccessDeniedException", 403),
    "sagemaker-mlflow": ("AccessDeniedException", 403),
    "sagemaker-metrics": ("AccessDeniedException", 403),
    "sagemaker-featurestore-runtime": ("AccessForbidden", 403),
}


def denied(service: str, message: str) -> ServiceError:
    """Return a service's own error for a call that is not authorised."""
    code, status = CODES.get(service, DENIED_EXCEPTION)
    return ServiceError(code, message, status)
