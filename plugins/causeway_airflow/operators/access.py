"""Operators that prove access: what the auditors see, what the probes get, both side by side."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from causeway.access.checks import LOOKER, Check, checks
from causeway.access.matrix import faults_of, markdown, matrix, report, summary, table, told
from causeway.access.prediction import Predictor
from causeway.access.sights import Sight
from causeway.access.verdicts import Verdict
from causeway.errors import SharingError
from causeway.reporting.reports import ACCESS_MATRIX, Report
from causeway.topology.accounts import AUDITORS, AccountRole
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.operators.base import CausewayOperator

if TYPE_CHECKING:
    from airflow.sdk import Context

#: Faults that an error names; the report has all of them.
NAMED = 20


class ObserveAccessOperator(CausewayOperator):
    """See who is let in to an account's resources, and what its duties may do, as its auditor.

    :returns: the account's sight, as JSON
    """

    def __init__(self, *, account_role: str, **kwargs: Any) -> None:
        duty = AUDITORS[AccountRole(account_role)]
        super().__init__(account_role=account_role, duty=duty, **kwargs)

    def perform(self, context: Context) -> dict[str, Any]:
        """Look at all that the checks need of this account."""
        from causeway_airflow.tasks.sights import Auditor

        role = AccountRole(self.account_role)
        auditor = Auditor(self.connection(), self.region_name, role, topology())
        return auditor.sight(declared_checks()).model_dump(mode="json")


class ProbeAccessOperator(CausewayOperator):
    """Make the checks' harmless calls with a consumer's own credentials.

    :param sights: what the auditors saw: where there is something to ask about (templated)
    :returns: verdicts by the checks' keys, as JSON
    """

    template_fields = (*CausewayOperator.template_fields, "sights")

    def __init__(
        self, *, account_role: str, sights: Any, duty: str = LOOKER, **kwargs: Any
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.sights = sights

    def perform(self, context: Context) -> dict[str, Any]:
        """Probe each check of this account."""
        from causeway_airflow.tasks.probes import Prober

        prober = Prober(topology(), sights_of(self.sights), self.region_name)
        role = AccountRole(self.account_role)
        mine = [check for check in declared_checks() if check.account_role is role]
        return {check.key: prober.probe(check).as_json() for check in mine}


class AccessMatrixOperator(CausewayOperator):
    """Predict every check, put the probes beside it, print, store, and fail when access is missing.

    :param sights: what the auditors saw (templated)
    :param probes: what the probes got, by account (templated)
    :returns: how many checks there are of each finding, and where the report is
    """

    template_fields = (*CausewayOperator.template_fields, "sights", "probes")

    def __init__(
        self,
        *,
        sights: Any,
        probes: Any,
        account_role: str = "governance",
        duty: str = "recorder",
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.sights = sights
        self.probes = probes

    def perform(self, context: Context) -> dict[str, Any]:
        """Raises `SharingError` naming what does not work as declared, once it is stored."""
        from causeway_airflow.tasks.reports import store_report

        places, at = topology(), datetime.now(UTC)
        probed = {
            key: Verdict.of_json(verdict)
            for of_account in self.probes
            for key, verdict in (of_account or {}).items()
        }
        rows = matrix(declared_checks(), Predictor(sights_of(self.sights), places), probed)
        run = context["dag_run"].run_id
        self.log.info("access matrix of %s:\n%s", run, table(rows))
        counted = summary(rows)
        uri = store_report(
            Report(
                ACCESS_MATRIX,
                run,
                at,
                counted,
                report(rows, run=run, at=at),
                markdown(rows, run=run, at=at),
            ),
            places,
            self.region_name,
        )
        faults = [told(row) for row in faults_of(rows)]
        missing = sorted({row.check.account_role for row in rows if row.check.key not in probed})
        faults += [f"the probes of {role} did not run" for role in missing]
        if faults:
            more = [f"and {len(faults) - NAMED} more"] if len(faults) > NAMED else []
            raise SharingError(
                "access is not as declared:\n- " + "\n- ".join([*faults[:NAMED], *more]),
                next_step=f"Mend what is named, run again; the whole matrix is {uri}",
            )
        return {"findings": counted, "report": uri}


def declared_checks() -> tuple[Check, ...]:
    """Return the checks of the access that is declared now."""
    return checks(use_cases(), topology(), datetime.now(UTC))


def sights_of(values: Sequence[dict[str, Any] | None]) -> tuple[Sight, ...]:
    """Read the sights of the accounts that could be looked at."""
    return tuple(Sight.model_validate(value) for value in values if value)
