"""Has an auth manager ask the table of roles (`rules`) as well as itself.

Airflow asks its auth manager who may do what, with method, kind of information and DAG id. What is
written here only ever refuses more than the auth manager that it is put in front of:
`class Ours(ByRole, TheirAuthManager)` with a method that says which role a user has.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, Final

from airflow.api_fastapi.auth.managers.base_auth_manager import BaseAuthManager
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity

from causeway_airflow.roles import rules
from causeway_airflow.roles.rules import Deed, Role

if TYPE_CHECKING:
    from airflow.api_fastapi.auth.managers.base_auth_manager import ResourceMethod
    from airflow.api_fastapi.auth.managers.models.resource_details import (
        ConnectionDetails,
        DagDetails,
        PoolDetails,
        VariableDetails,
    )

#: What is done, by what Airflow asks: for clearing a task and for setting its state it asks the
#: same (airflow 3.3.2). What is not here is an administrator's.
DEEDS: Final = {
    ("POST", DagAccessEntity.RUN): Deed.START,
    ("PUT", DagAccessEntity.RUN): Deed.RERUN,
    ("PUT", DagAccessEntity.TASK_INSTANCE): Deed.RERUN,
    ("PUT", DagAccessEntity.HITL_DETAIL): Deed.ANSWER,
    ("PUT", None): Deed.PAUSE,
}


class ByRole(BaseAuthManager[Any]):
    """Judges role, DAG id and method, in front of another auth manager."""

    @abstractmethod
    def role_of(self, user: Any) -> Role | None:
        """Return the role of a signed-in user."""

    def is_authorized_dag(
        self,
        *,
        method: ResourceMethod,
        user: Any,
        access_entity: DagAccessEntity | None = None,
        details: DagDetails | None = None,
    ) -> bool:
        """Tell whether the user's role may do it with this DAG.

        Airflow names no DAG where a request is about several (`~`) and asks again for each of them.
        """
        theirs = super().is_authorized_dag(  # type: ignore[safe-super] # the next class's
            method=method, user=user, access_entity=access_entity, details=details
        )
        deed = Deed.LOOK if method == "GET" else DEEDS.get((method, access_entity), Deed.ADMINISTER)
        return theirs and self._has(user, rules.lowest(deed, details.id if details else None))

    def is_authorized_connection(
        self, *, method: ResourceMethod, user: Any, details: ConnectionDetails | None = None
    ) -> bool:
        """Tell whether the user's role may read or write connections."""
        theirs = super().is_authorized_connection(  # type: ignore[safe-super] # the next class's
            method=method, user=user, details=details
        )
        return theirs and (method == "GET" or self._has(user, rules.WRITE_CONNECTIONS))

    def is_authorized_variable(
        self, *, method: ResourceMethod, user: Any, details: VariableDetails | None = None
    ) -> bool:
        """Tell whether the user's role may read or write variables."""
        theirs = super().is_authorized_variable(  # type: ignore[safe-super] # the next class's
            method=method, user=user, details=details
        )
        return theirs and (method == "GET" or self._has(user, rules.WRITE_VARIABLES))

    def is_authorized_pool(
        self, *, method: ResourceMethod, user: Any, details: PoolDetails | None = None
    ) -> bool:
        """Tell whether the user's role may read or write pools."""
        theirs = super().is_authorized_pool(  # type: ignore[safe-super] # the next class's
            method=method, user=user, details=details
        )
        return theirs and (method == "GET" or self._has(user, rules.WRITE_POOLS))

    def is_authorized_hitl_task(self, *, assigned_users: set[str], user: Any) -> bool:
        """Tell whether the user is among those who may answer a request.

        A request names them as they sign in, which is not every auth manager's id of them.
        """
        theirs = super().is_authorized_hitl_task(assigned_users=assigned_users, user=user)
        return theirs or user.get_name() in assigned_users

    def _has(self, user: Any, lowest: Role) -> bool:
        role = self.role_of(user)
        return role is not None and role >= lowest
