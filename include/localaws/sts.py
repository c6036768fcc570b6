"""STS: who am I, and temporary credentials of a role with a source identity."""

from __future__ import annotations

from typing import Any

from localaws.credentials import Credentials
from localaws.service import Call, Service

sts = Service.named("sts")


@sts.operation("GetCallerIdentity")
def get_caller_identity(call: Call) -> dict[str, Any]:
    """Return the principal that signed."""
    return {"UserId": call.caller.user_id, "Account": call.caller.account, "Arn": call.caller.arn}


@sts.operation("AssumeRole")
def assume_role(call: Call) -> dict[str, Any]:
    """Open a session of a role; a source identity once set stays for chained sessions."""
    role_arn = call.params["RoleArn"]
    identity = call.params.get("SourceIdentity")
    call.cloud.authoriser.trust_user(call.caller, role_arn, identity)
    session = call.cloud.credentials.open_session(
        role_arn,
        call.params["RoleSessionName"],
        source_identity=identity or call.caller.source_identity,
        seconds=int(call.params.get("DurationSeconds") or 3600),
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
    seconds = int(call.params.get("DurationSeconds") or 12 * 3600)
    own = call.cloud.credentials_of(call.caller)
    return {"Credentials": _document(call.cloud.credentials.same_session(own, seconds))}


def _document(session: Credentials) -> dict[str, Any]:
    return {
        "AccessKeyId": session.access_key_id,
        "SecretAccessKey": session.secret,
        "SessionToken": session.token,
        "Expiration": session.expires,
    }
