"""CloudTrail's operations on trails.

Unsupported features of trails (digests of log files, notifications, CloudWatch logs, keys,
organisations) are refused, so that nobody relies on them.
"""

from __future__ import annotations

import re
from typing import Any

from localaws.cloudtrail import delivery, selectors
from localaws.cloudtrail.trails import Trail, Trails
from localaws.kit.arns import is_arn, name_of, parse_arn
from localaws.kit.paging import Pager
from localaws.kit.service import Call, Service, ServiceError

cloudtrail = Service.named("cloudtrail")
MOST = 5  # trails in an account and region (CloudTrail User Guide, "Quotas")
NAME = re.compile(r"(?=.{3,128}$)[A-Za-z0-9]+([._-]?[A-Za-z0-9]+)*")
REFUSED = (
    *("SnsTopicName", "CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn", "KmsKeyId"),
    *("EnableLogFileValidation", "IsOrganizationTrail", "RecursiveLogging"),
)
PAGES = Pager("NextToken", "MaxResults", 100, "InvalidNextTokenException")


@cloudtrail.operation("CreateTrail")
def create_trail(call: Call) -> dict[str, Any]:
    """Create a trail; it does not log yet."""
    trails, params = Trails.of(call), call.params
    name = params["Name"]
    if not NAME.fullmatch(name):
        raise ServiceError("InvalidTrailNameException", f"{name} is not a valid trail name.")
    _refuse(params)
    trail = Trail(name, call.account, call.region, params["S3BucketName"])
    if trail.arn in trails.all:
        raise ServiceError(
            "TrailAlreadyExistsException",
            f"Trail {name} already exists for customer: {call.account}",
        )
    if len(_of_account(call)) >= MOST:
        raise ServiceError(
            "MaximumNumberOfTrailsExceededException", f"User: {call.account} already has {MOST}"
        )
    _configure(trail, params)
    trail.tags = {tag["Key"]: tag.get("Value", "") for tag in params.get("TagsList") or []}
    delivery.check_bucket(call.host, trail)
    with trails.lock:
        trails.all[trail.arn] = trail
    trails.changed(call.host)
    return _settings(trail)


@cloudtrail.operation("UpdateTrail")
def update_trail(call: Call) -> dict[str, Any]:
    """Change where a trail delivers."""
    _refuse(call.params)
    trail = _trail(call, call.params["Name"])
    changed = Trail(trail.name, trail.account, trail.region, trail.bucket, trail.prefix)
    _configure(changed, call.params)
    delivery.check_bucket(call.host, changed)
    _configure(trail, call.params)
    return _settings(trail)


@cloudtrail.operation("DeleteTrail")
def delete_trail(call: Call) -> dict[str, Any]:
    """Deliver a trail's last log file and delete the trail; its log files are kept."""
    trails, trail = Trails.of(call), _trail(call, call.params["Name"])
    trails.deliver(trail)
    with trails.lock:
        del trails.all[trail.arn]
    trails.changed(call.host)
    return {}


@cloudtrail.operation("StartLogging")
def start_logging(call: Call) -> dict[str, Any]:
    """Start logging."""
    trail = _trail(call, call.params["Name"])
    if not trail.logging:
        trail.logging, trail.started = True, call.now()
        Trails.of(call).changed(call.host)
    return {}


@cloudtrail.operation("StopLogging")
def stop_logging(call: Call) -> dict[str, Any]:
    """Stop logging; what was logged is still delivered."""
    trail = _trail(call, call.params["Name"])
    if trail.logging:
        trail.logging, trail.stopped = False, call.now()
        Trails.of(call).changed(call.host)
    return {}


@cloudtrail.operation("GetTrail")
def get_trail(call: Call) -> dict[str, Any]:
    """Describe one trail."""
    return {"Trail": _described(_trail(call, call.params["Name"]))}


@cloudtrail.operation("DescribeTrails")
def describe_trails(call: Call) -> dict[str, Any]:
    """Describe the account's trails, or those named; unknown names are ignored."""
    names = {name_of(name) for name in call.params.get("trailNameList") or []}
    trails = [trail for trail in _of_account(call) if not names or trail.name in names]
    return {"trailList": [_described(trail) for trail in trails]}


@cloudtrail.operation("ListTrails")
def list_trails(call: Call) -> dict[str, Any]:
    """List the account's trails."""
    page, rest = PAGES.page(call.params, _of_account(call))
    listed = [{"Name": t.name, "TrailARN": t.arn, "HomeRegion": t.region} for t in page]
    return {"Trails": listed, **rest}


@cloudtrail.operation("GetTrailStatus")
def get_trail_status(call: Call) -> dict[str, Any]:
    """Return whether a trail is logging, and the result of its last delivery."""
    trail = _trail(call, call.params["Name"])
    times = {
        "StartLoggingTime": trail.started,
        "StopLoggingTime": trail.stopped,
        "LatestDeliveryTime": trail.delivered,
        "LatestDeliveryError": trail.failure,
    }
    return {"IsLogging": trail.logging} | {k: v for k, v in times.items() if v is not None}


@cloudtrail.operation("PutEventSelectors")
def put_event_selectors(call: Call) -> dict[str, Any]:
    """Replace a trail's selectors."""
    trail, params = _trail(call, call.params["TrailName"]), call.params
    basic, advanced = params.get("EventSelectors"), params.get("AdvancedEventSelectors")
    if bool(basic) == bool(advanced):
        raise selectors.invalid("either EventSelectors or AdvancedEventSelectors are needed")
    selectors.check_basic(basic or [])
    selectors.check_advanced(advanced or [])
    trail.basic = [selectors.DEFAULT[0] | selector for selector in basic or []]
    trail.advanced = list(advanced or [])
    Trails.of(call).changed(call.host)
    return _selected(trail)


@cloudtrail.operation("GetEventSelectors")
def get_event_selectors(call: Call) -> dict[str, Any]:
    """Return a trail's selectors."""
    return _selected(_trail(call, call.params["TrailName"]))


@cloudtrail.operation("AddTags")
def add_tags(call: Call) -> dict[str, Any]:
    """Add tags to a trail."""
    tags = {tag["Key"]: tag.get("Value", "") for tag in call.params["TagsList"]}
    _trail(call, call.params["ResourceId"]).tags.update(tags)
    return {}


@cloudtrail.operation("RemoveTags")
def remove_tags(call: Call) -> dict[str, Any]:
    """Remove tags from a trail."""
    trail = _trail(call, call.params["ResourceId"])
    for tag in call.params["TagsList"]:
        trail.tags.pop(tag["Key"], None)
    return {}


@cloudtrail.operation("ListTags")
def list_tags(call: Call) -> dict[str, Any]:
    """List the tags of trails."""
    listed = []
    for arn in call.params["ResourceIdList"]:
        tags = [{"Key": k, "Value": v} for k, v in sorted(_trail(call, arn).tags.items())]
        listed.append({"ResourceId": arn, "TagsList": tags})
    return {"ResourceTagList": listed}


def _refuse(params: dict[str, Any]) -> None:
    if option := next((name for name in REFUSED if params.get(name)), None):
        raise ServiceError(
            "UnsupportedOperationException", f"the local AWS has no trails with {option}"
        )


def _configure(trail: Trail, params: dict[str, Any]) -> None:
    trail.bucket = params.get("S3BucketName", trail.bucket)
    trail.prefix = params.get("S3KeyPrefix", trail.prefix) or None
    trail.global_events = params.get("IncludeGlobalServiceEvents", trail.global_events)
    trail.multi_region = params.get("IsMultiRegionTrail", trail.multi_region)


def _of_account(call: Call) -> list[Trail]:
    every = Trails.of(call).all.values()
    mine = [t for t in every if (t.account, t.region) == (call.account, call.region)]
    return sorted(mine, key=lambda trail: trail.name)


def _trail(call: Call, name_or_arn: str) -> Trail:
    name = name_of(name_or_arn)
    if is_arn(name_or_arn) and parse_arn(name_or_arn).account != call.account:
        # Trails are not shared between accounts.
        raise ServiceError("TrailNotFoundException", f"Unknown trail: {name_or_arn}", 404)
    for trail in _of_account(call):
        if trail.name == name:
            return trail
    raise ServiceError(
        "TrailNotFoundException", f"Unknown trail: {name} for the user: {call.account}", 404
    )


def _settings(trail: Trail) -> dict[str, Any]:
    settings: dict[str, Any] = {
        "Name": trail.name,
        "S3BucketName": trail.bucket,
        "IncludeGlobalServiceEvents": trail.global_events,
        "IsMultiRegionTrail": trail.multi_region,
        "TrailARN": trail.arn,
        "LogFileValidationEnabled": False,
        "IsOrganizationTrail": False,
    }
    return settings | ({"S3KeyPrefix": trail.prefix} if trail.prefix else {})


def _described(trail: Trail) -> dict[str, Any]:
    return _settings(trail) | {
        "HomeRegion": trail.region,
        "HasCustomEventSelectors": bool(trail.advanced) or trail.basic != selectors.DEFAULT,
        "HasInsightSelectors": False,
    }


def _selected(trail: Trail) -> dict[str, Any]:
    selected = (
        {"AdvancedEventSelectors": trail.advanced}
        if trail.advanced
        else {"EventSelectors": trail.basic}
    )
    return {"TrailARN": trail.arn, **selected}
