"""Airflow's simple auth manager, which asks the table of roles as well.

The stock one ignores which DAG it is about: every `user` may start every DAG and edit every XCom
(airflow 3.3.2). This one is set by `[core] auth_manager`; docs/airflow-access.md says how to have
the same with another auth manager.
"""

from __future__ import annotations

import os
from functools import cache
from typing import Any, Final

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.auth.tokens import JWTGenerator, JWTValidator
from airflow.configuration import conf

from causeway_airflow.roles.by_role import ByRole
from causeway_airflow.roles.rules import Role

#: The variable with the key that log-ins are signed with, in the API server's environment alone.
SIGN_IN_KEY: Final = "CAUSEWAY_SIGN_IN_KEY"


class RolesAuthManager(ByRole, SimpleAuthManager):
    """Log-ins and roles of `[core] simple_auth_manager_users`, judged by the table.

    Airflow signs log-ins and what tasks identify themselves with by one secret, which every
    scheduler has, and with it every task of a LocalExecutor: a task could sign in as anybody
    (airflow 3.3.2). With `CAUSEWAY_SIGN_IN_KEY` log-ins have a key of their own.
    """

    @classmethod
    @cache
    def _get_token_signer(
        cls, expiration_time_in_seconds: int = conf.getint("api_auth", "jwt_expiration_time")
    ) -> JWTGenerator:
        key = os.environ.get(SIGN_IN_KEY)
        if not key:
            return super()._get_token_signer(expiration_time_in_seconds)
        return JWTGenerator(
            secret_key=key,
            valid_for=expiration_time_in_seconds,
            audience=cls._get_jwt_audience(),
        )

    @classmethod
    @cache
    def _get_token_validator(cls) -> JWTValidator:
        key = os.environ.get(SIGN_IN_KEY)
        if not key:
            return super()._get_token_validator()
        return JWTValidator(
            secret_key=key,
            leeway=conf.getint("api_auth", "jwt_leeway"),
            audience=cls._get_jwt_audience(),
        )

    def deserialize_user(self, token: dict[str, Any]) -> SimpleAuthManagerUser:
        """Return the user of a token as the log-ins say now.

        A token lives a day and holds the role that its user had when it was made. Airflow answers
        a ValueError with 403.
        """
        name = super().deserialize_user(token).username
        for user in self.get_users():
            if user.username == name:
                return user
        raise ValueError(f"there is no log-in {name!r} any more")

    def role_of(self, user: SimpleAuthManagerUser) -> Role | None:
        """Return the role that the log-in was given; none for a name that is no role."""
        return Role.__members__.get((user.role or "").upper())
