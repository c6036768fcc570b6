"""STS: the caller's identity, and temporary credentials of a role."""

from __future__ import annotations

from typing import Any

from localaws.identity.authorisation.request import AuthorisationRequest
from localaws.identity.credentials import Credentials
from localaws.kit.service import Call, Service, ServiceError

sts = Service.named("sts")
CHAINED_SECONDS = 3600  # "Role chaining limits your session to a maximum of one hour" (IAM)


@sts.operation("GetCallerIdentity")
def get_caller_identity(call: Call) -> dict[str, Any]:
    """Return the principal that signed."""
    return {"UserId": call.caller.user_id, "Account": call.caller.account, "Arn": call.caller.arn}


@sts.operation("AssumeRole")
def assume_role(call: Call) -> dict[str, Any]:
    """Open a session of a role; a source identity is kept in sessions that this session opens."""
    params, role_arn = call.params, call.params["RoleArn"]
    identity = params.get("SourceIdentity")
    call.permissions.trust_user(
        AuthorisationRequest(
            service=call.service,
            operation=call.operation,
            params=params,
            caller=call.caller,
            account=call.account,
            region=call.region,
            stores=call,
        )
    )
    seconds = int(params.get("DurationSeconds") or 3600)
    _check_duration(call, role_arn, seconds)
    policies = [str(policy["arn"]) for policy in params.get("PolicyArns") or []]
    session = call.identities.credentials.open_session(
        role_arn,
        params["RoleSessionName"],
        source_identity=identity or call.caller.source_identity,
        seconds=seconds,
        policies=(*policies, *([params["Policy"]] if params.get("Policy") else [])),
        tags={tag["Key"]: tag["Value"] for tag in params.get("Tags") or []},
    )
    who = session.principal
    reply: dict[str, Any] = {
        "Credentials": _document(session),
        "AssumedRoleUser": {"AssumedRoleId": who.user_id, "Arn": who.arn},
    }
    if who.source_identity:
        reply["SourceIdentity"] = who.source_identity
    return reply


@sts.operation("GetSessionToken")
def get_session_token(call: Call) -> dict[str, Any]:
    """Open a session of the long-lived key that signed."""
    if call.caller.kind == "session":
        raise ServiceError(
            "AccessDenied", "Cannot call GetSessionToken with session credentials", 403
        )
    seconds = int(call.params.get("DurationSeconds") or 12 * 3600)
    credentials = call.identities.credentials
    own = credentials.of(call.caller)
    return {"Credentials": _document(credentials.same_session(own, seconds))}


def _check_duration(call: Call, role_arn: str, seconds: int) -> None:
    role = call.identities.credentials.role(role_arn)
    if seconds > int(role.max_session_duration or 3600):
        raise ServiceError(
            "ValidationError",
            "The requested DurationSeconds exceeds the MaxSessionDuration set for this role.",
        )
    if call.caller.kind == "session" and seconds > CHAINED_SECONDS:
        raise ServiceError(
            "ValidationError",
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by "
            "role chaining",
        )


def _document(session: Credentials) -> dict[str, Any]:
    return {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret,
        "SessionToken": session.token,
        "Expiration": session.expires,
    }
