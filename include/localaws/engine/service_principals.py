"""The service principals that a policy may name.

AWS publishes no list of them. Known here are the services of the Service Authorization Reference,
and every principal that a managed policy of AWS names (moto carries those policies). One that is
in neither is refused, as IAM refuses an unknown one; that both together are complete is not
verified.
"""

from __future__ import annotations

import re
from functools import cache

from causeway.iam.services import services

_PRINCIPAL = re.compile(r"([a-z0-9.-]+)\.amazonaws\.com(?:\.cn)?")
_REGION = re.compile(r"\.[a-z]{2}(-[a-z]+)+-\d$")
#: In the IAM User Guide's examples, and in neither source.
_MORE = frozenset({"monitoring", "signin"})


def is_service(name: str) -> bool:
    """Tell whether a name is a service's principal, that of a region (`logs.eu-…`) too."""
    match = _PRINCIPAL.fullmatch(name)
    return match is not None and _REGION.sub("", match[1]) in _known()


@cache
def _known() -> frozenset[str]:
    from moto.iam.aws_managed_policies import aws_managed_policies_data

    return services() | _MORE | frozenset(_PRINCIPAL.findall(aws_managed_policies_data))
