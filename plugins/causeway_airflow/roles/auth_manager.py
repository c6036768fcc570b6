"""Airflow's simple auth manager, which asks the table of roles as well.

The stock one ignores which DAG it is about: every `user` may start every DAG and edit every XCom
(airflow 3.3.2). This one is set by `[core] auth_manager`; docs/airflow-access.md says how to have
the same with another auth manager.
"""

from __future__ import annotations

from typing import Any

from airflow.api_fastapi.auth.managers.simple.simple_auth_manager import SimpleAuthManager
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser

from causeway_airflow.roles.by_role import ByRole
from causeway_airflow.roles.rules import Role


class RolesAuthManager(ByRole, SimpleAuthManager):
    """Log-ins and roles of `[core] simple_auth_manager_users`, judged by the table."""

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
