"""What CloudTrail calls need."""

from __future__ import annotations

from collections.abc import Iterator

from localaws.identity.authorisation.request import (
    AuthorisationRequest,
    Need,
    needs_of_service,
    tag_keys,
)
from localaws.kit.arns import is_arn


@needs_of_service("cloudtrail")
def cloudtrail_needs(request: AuthorisationRequest) -> Iterator[Need]:
    """Yield the operation on its trail; the history and the lists have no resource."""
    params, action = request.params, f"cloudtrail:{request.operation}"
    listed = params.get("ResourceIdList") or []
    named = params.get("Name") or params.get("TrailName") or params.get("ResourceId")
    trails = [str(trail) for trail in (*listed, named) if trail]
    tags = tag_keys(params.get("TagsList"))
    for trail in trails:
        yield Need(
            action, trail if is_arn(trail) else request.arn(f"trail/{trail}"), tags, own=True
        )
    if not trails:
        yield Need(action)
