"""The owners of access keys: administrators, IAM users, and temporary sessions.

The administrator of an account uses the 12-digit account id as access key id.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from localaws.kit.arns import parse_arn
from localaws.kit.clock import Clock
from localaws.kit.service import Principal, ServiceError


@dataclass(frozen=True)
class Credentials:
    """An access key with its secret; a session also has a token and an expiry (aware, UTC).

    `session_policies` restrict what the session may do; `tags` are those of the session.
    """

    principal: Principal
    secret: str
    token: str | None = None
    expires: datetime | None = None
    issued: datetime | None = None
    session_policies: tuple[str, ...] = ()  # documents, or ARNs of managed policies
    tags: Mapping[str, str] = field(default_factory=dict)  # of the session

    @property
    def access_key_id(self) -> str:
        """The access key id, which identifies the principal in a signature."""
        return self.principal.access_key_id


def iam_backend(account: str) -> Any:
    """Return moto's IAM state of an account."""
    from moto.backends import get_backend

    return get_backend("iam")[account]["aws"]


class CredentialStore:
    """Issues credentials and finds them by access key id."""

    def __init__(self, accounts: dict[str, str], clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._issued: dict[str, Credentials] = {
            account: Credentials(
                Principal(
                    account, f"arn:aws:iam::{account}:root", account, account, "administrator"
                ),
                secrets.token_urlsafe(30),
            )
            for account in sorted(set(accounts.values()))
        }
        self.accounts = accounts

    def administrator(self, account: str) -> Credentials:
        """Return the administrator's credentials of an account; KeyError for an unknown account."""
        return self._issued[account]

    def find(self, access_key_id: str) -> Credentials | None:
        """Return the credentials of an access key id, also if they have expired."""
        issued = self._issued.get(access_key_id)
        return issued or self._user_key(access_key_id)

    def of(self, principal: Principal) -> Credentials:
        """Return the credentials with which a principal signs; KeyError if there are none."""
        own = self.find(principal.access_key_id)
        if own is None:
            raise KeyError(principal.access_key_id)
        return own

    def _user_key(self, access_key_id: str) -> Credentials | None:
        for account in dict.fromkeys(self.accounts.values()):
            for user in iam_backend(account).users.values():
                for key in user.access_keys:
                    if key.access_key_id == access_key_id and key.status == "Active":
                        who = Principal(account, user.arn, user.id, access_key_id, "user")
                        return Credentials(who, key.secret_access_key)
        return None

    def role(self, role_arn: str) -> Any:
        """Return moto's role object; AccessDenied, as on AWS, if there is none."""
        arn = parse_arn(role_arn)
        if arn.account in self.accounts.values():
            for role in iam_backend(arn.account).roles.values():
                if role.arn == role_arn:
                    return role
        raise ServiceError(
            "AccessDenied",
            f"not authorized to perform: sts:AssumeRole on resource: {role_arn}",
            403,
        )

    def open_session(
        self,
        role_arn: str,
        session_name: str,
        *,
        source_identity: str | None = None,
        service: str | None = None,
        seconds: int = 3600,
        policies: tuple[str, ...] = (),
        tags: Mapping[str, str] | None = None,
    ) -> Credentials:
        """Issue temporary credentials of a role, valid for `seconds` of local AWS time."""
        role = self.role(role_arn)
        account = parse_arn(role_arn).account
        key = "ASIA" + secrets.token_hex(8).upper()
        who = Principal(
            account=account,
            arn=f"arn:aws:sts::{account}:assumed-role/{role.name}/{session_name}",
            user_id=f"{role.id}:{session_name}",
            access_key_id=key,
            kind="session",
            role_arn=role_arn,
            session_name=session_name,
            source_identity=source_identity,
            service=service,
        )
        now = self._clock.now().replace(microsecond=0)
        issued = Credentials(
            who,
            secrets.token_urlsafe(30),
            secrets.token_urlsafe(60),
            expires=now + timedelta(seconds=seconds),
            issued=now,
            session_policies=policies,
            tags=tags or {},
        )
        with self._lock:
            self._issued[key] = issued
        return issued

    def forwarded(self, credentials: Credentials, service: str) -> Credentials:
        """Issue credentials with which an AWS service calls other services for its caller.

        They have the caller's session policies, tags and expiry, and name the service.
        """
        key = "ASIA" + secrets.token_hex(8).upper()
        principal = replace(credentials.principal, access_key_id=key, service=service)
        issued = replace(
            credentials,
            principal=principal,
            secret=secrets.token_urlsafe(30),
            token=secrets.token_urlsafe(60),
        )
        with self._lock:
            self._issued[key] = issued
        return issued

    def same_session(self, credentials: Credentials, seconds: int) -> Credentials:
        """Issue a session token for a long-lived key (`GetSessionToken`)."""
        key = "ASIA" + secrets.token_hex(8).upper()
        now = self._clock.now().replace(microsecond=0)
        issued = Credentials(
            replace(credentials.principal, access_key_id=key),
            secrets.token_urlsafe(30),
            secrets.token_urlsafe(60),
            expires=now + timedelta(seconds=seconds),
            issued=now,
        )
        with self._lock:
            self._issued[key] = issued
        return issued
