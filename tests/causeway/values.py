"""The accounts, region and ARNs that the domain's tests speak about, and a use case from a text."""

from __future__ import annotations

from causeway.documents import parse
from causeway.use_cases.use_case import UseCase

REGION = "eu-central-1"
#: The accounts of the shipped local topology, and one that nobody declares.
DATA, DATA_SCIENCE, SHARED_SERVICES = "111111111111", "222222222222", "333333333333"
STRANGER = "999999999999"
_REGISTRY = f"arn:aws:sagemaker:{REGION}:{SHARED_SERVICES}"
MODEL_GROUP = f"{_REGISTRY}:model-package-group/credit-risk"
#: What the ARNs of the group's versions begin with.
VERSIONS = f"{_REGISTRY}:model-package/credit-risk"
CARD = f"{_REGISTRY}:model-card/credit-risk"


def use_case_of(text: str, file: str = "credit_risk.yaml") -> UseCase:
    """Read a use case from a text; `file` is only named in the errors."""
    return parse(text, UseCase, file)
