"""What only limits: permissions boundaries, session policies, service control policies."""

from __future__ import annotations

from tests.causeway.iam.cases import *
from tests.causeway.iam.cases.pages import *

_GET = "s3:GetObject"
_ALL = [allow()]
_OTHER = [allow("sqs:*")]
_QUEUE = f"arn:aws:sqs:eu-central-1:{AWAY}:jobs"

CASES = [
    # Permissions boundaries
    Case("identity and boundary allow", ALLOWED, BOUNDARIES, identity=_ALL, boundary=_ALL),
    Case("the boundary lacks it", NO_BOUNDARY, BOUNDARIES, identity=_ALL, boundary=_OTHER),
    Case("the boundary grants nothing by itself", NO_IDENTITY, BOUNDARIES, boundary=_ALL),
    Case("both lack it", NO_IDENTITY, BOUNDARIES, identity=_OTHER, boundary=_OTHER),
    Case("the boundary denies", DENY_BOUNDARY, EXPLICIT, identity=_ALL,
         boundary=[allow(), deny(_GET)]),
    Case("the boundary denies what the resource grants", DENY_BOUNDARY, EXPLICIT,
         boundary=[deny(_GET)], resource_policy=[let(SESSION_ARN, _GET)]),
    Case("a user's boundary", NO_BOUNDARY, BOUNDARIES, who=USER, identity=_ALL, boundary=_OTHER),
    Case("an empty boundary", NO_BOUNDARY, BOUNDARIES, identity=_ALL, boundary=[]),
    Case("a boundary on other resources", NO_BOUNDARY, BOUNDARIES, identity=_ALL,
         boundary=[allow("s3:*", "arn:aws:s3:::other/*")]),
    Case("a boundary's condition", NO_BOUNDARY, BOUNDARIES, identity=_ALL,
         context={"aws:RequestedRegion": "us-east-1"}, boundary=[allow(
             Condition={"StringEquals": {"aws:RequestedRegion": "eu-central-1"}})]),
    Case("across accounts the boundary counts, a user named", NO_BOUNDARY, CROSS, who=USER,
         action="sqs:SendMessage", resource=_QUEUE, identity=_ALL, boundary=[allow("s3:*")],
         resource_policy=[let(USER_ARN, "sqs:*")]),
    Case("across accounts the boundary counts, a role named", NO_BOUNDARY, CROSS,
         action="sqs:SendMessage", resource=_QUEUE, identity=_ALL, boundary=[allow("s3:*")],
         resource_policy=[let(ROLE_ARN, "sqs:*")]),
    Case("across accounts all three allow", ALLOWED, CROSS, action="sqs:SendMessage",
         resource=_QUEUE, identity=_ALL, boundary=_OTHER, resource_policy=[let(ROLE_ARN, "sqs:*")]),
    # Session policies
    Case("role and session policy allow", ALLOWED, SESSIONS, identity=_ALL, session=[allow(_GET)]),
    Case("the session policy lacks it", NO_SESSION, SESSIONS, identity=_ALL, session=_OTHER),
    Case("the session policy grants nothing by itself", NO_IDENTITY, SESSIONS, session=_ALL),
    Case("the session policy denies", DENY_SESSION, EXPLICIT, identity=_ALL,
         session=[allow(), deny(_GET)]),
    Case("a session without policy has the role's", ALLOWED, SESSIONS, identity=_ALL),
    Case("an empty session policy", NO_SESSION, SESSIONS, identity=_ALL, session=[]),
    Case("the session's deny beats the resource's allow", DENY_SESSION, SESSIONS,
         session=[deny(_GET)], resource_policy=[let(SESSION_ARN, _GET)]),
    Case("the account named, the session policy lacks it", NO_SESSION, SESSIONS, identity=_ALL,
         session=_OTHER, resource_policy=[let(HOME_ROOT, _GET)]),
    Case("boundary and session both limit", NO_SESSION, ENFORCEMENT, identity=_ALL,
         boundary=_ALL, session=_OTHER),
    Case("the boundary is asked first", NO_BOUNDARY, ENFORCEMENT, identity=_ALL,
         boundary=_OTHER, session=_OTHER),
    Case("all of them allow", ALLOWED, ENFORCEMENT, identity=_ALL, boundary=_ALL,
         session=_ALL, scps=[_ALL]),
    Case("across accounts the session policy counts", NO_SESSION, CROSS,
         action="sqs:SendMessage", resource=_QUEUE, identity=_ALL, session=[allow("s3:*")],
         resource_policy=[let(SESSION_ARN, "sqs:*")]),
    # Service control policies
    Case("the organisation's policy lacks it", NO_SCP, SCPS, identity=_ALL, scps=[_OTHER]),
    Case("the organisation's policy grants nothing", NO_IDENTITY, SCPS, scps=[_ALL]),
    Case("every level has to allow", NO_SCP, SCPS, identity=_ALL, scps=[_ALL, _OTHER, _ALL]),
    Case("every level allows", ALLOWED, SCPS, identity=_ALL, scps=[_ALL, [allow("s3:*")], _ALL]),
    Case("a level denies", DENY_SCP, SCPS, identity=_ALL, scps=[_ALL, [allow(), deny("s3:*")]]),
    Case("the root user is limited too", DENY_SCP, SCPS, who=ROOT, scps=[[allow(), deny("s3:*")]]),
    Case("the root user within them", ALLOWED, ROOT_USER, who=ROOT, scps=[_ALL]),
    Case("it limits what the resource grants", NO_SCP, SCPS, scps=[_OTHER],
         resource_policy=[let(SESSION_ARN, _GET)]),
    Case("it limits what another account grants", NO_SCP, SCPS, identity=_ALL,
         action="sqs:SendMessage", resource=_QUEUE, scps=[[allow("s3:*")]],
         resource_policy=[let(HOME_ROOT, "sqs:*")]),
    Case("the identity's deny among all", DENY_IDENTITY, ENFORCEMENT, scps=[_ALL],
         identity=[allow(), deny(_GET)], boundary=_ALL, session=_ALL,
         resource_policy=[let(AWAY_ROOT, _GET)]),
]  # fmt: skip
