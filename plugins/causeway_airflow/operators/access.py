"""Operators that prove access: what the auditors see, what the probes get, both side by side."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from causeway.topology.account_roles import AUDITORS, AccountRole
from causeway_airflow.bases.operator import CausewayOperator

if TYPE_CHECKING:
    from airflow.sdk import Context, XComArg

    from causeway_airflow.results import AccessMatrix, ProbedAccess
    from causeway_airflow.tasks.preflight import Probes, SightDocument


class ObserveAccessOperator(CausewayOperator):
    """See who is let in to an account's resources, and what its duties may do, as its auditor.

    :returns: the account's sight, as JSON
    """

    def __init__(self, *, account_role: str, **kwargs: Any) -> None:
        duty = AUDITORS[AccountRole(account_role).kind]
        super().__init__(account_role=account_role, duty=duty, **kwargs)

    def perform(self, context: Context) -> SightDocument:
        """Look at all that the checks need of this account."""
        from causeway_airflow.tasks.preflight import observe_access

        return observe_access(self.hook, AccountRole(self.account_role))


class LookAroundOperator(CausewayOperator):
    """See whether quotas, images and the organisation let an account's jobs and endpoints start.

    :returns: what was looked at, by its state: enough, or cannot be seen
    """

    def __init__(self, *, account_role: str, **kwargs: Any) -> None:
        duty = AUDITORS[AccountRole(account_role).kind]
        super().__init__(account_role=account_role, duty=duty, **kwargs)

    def perform(self, context: Context) -> dict[str, list[str]]:
        """Raises `UnexpectedState` naming what is short."""
        from causeway_airflow.tasks.surroundings import look_around

        return look_around(self.hook, AccountRole(self.account_role))


class ProbeAccessOperator(CausewayOperator):
    """Make the checks' harmless calls with a consumer's own credentials.

    :param sights: what the auditors saw: where there is something to ask about (templated)
    :returns: the answers by the checks' keys
    """

    template_fields = (*CausewayOperator.template_fields, "sights")

    def __init__(
        self,
        *,
        account_role: str,
        sights: Sequence[SightDocument | None] | XComArg,
        duty: str = "acceptor",
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.sights: Any = sights

    def perform(self, context: Context) -> dict[str, ProbedAccess]:
        """Probe each check of this account."""
        from causeway_airflow.tasks.preflight import probe_access

        return probe_access(self.hook, AccountRole(self.account_role), self.sights)


class AccessMatrixOperator(CausewayOperator):
    """Predict every check, put the probes beside it, print, store, and fail when access is missing.

    :param sights: what the auditors saw (templated)
    :param probes: what the probes got, by account (templated)
    :returns: `AccessMatrix`
    """

    template_fields = (*CausewayOperator.template_fields, "sights", "probes")

    def __init__(
        self,
        *,
        sights: Sequence[SightDocument | None] | XComArg,
        probes: Sequence[Probes | None] | XComArg,
        account_role: str = "governance",
        duty: str = "recorder",
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.sights: Any = sights
        self.probes: Any = probes

    def perform(self, context: Context) -> AccessMatrix:
        """Raises `SharingError` naming what does not work as declared, once it is stored."""
        from causeway_airflow.tasks.preflight import access_matrix

        return access_matrix(self.hook, self.sights, self.probes, context["dag_run"].run_id)
