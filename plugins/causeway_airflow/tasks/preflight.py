"""The preflight: what the auditors see, what the probes get, and both side by side."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any, Final

from causeway.access.matrix import (
    Row,
    fault_text,
    faults_of,
    markdown,
    matrix,
    report,
    summary,
    table,
)
from causeway.access.outside import outsiders
from causeway.access.prediction import Predictor
from causeway.access.sights import Sight
from causeway.access.verdicts import Verdict
from causeway.errors import SharingError
from causeway.reporting.reports import ACCESS_MATRIX, Report
from causeway.topology.account_roles import AccountRole
from causeway_airflow.configuration import topology
from causeway_airflow.results import AccessMatrix, ProbedAccess
from causeway_airflow.tasks import clock
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.declared_access import declared_checks, declared_grants
from causeway_airflow.tasks.probes import Prober
from causeway_airflow.tasks.reports import store_report
from causeway_airflow.tasks.sights import Auditor

log = logging.getLogger(__name__)

#: Faults that an error names; the report has all of them.
NAMED_FAULTS: Final = 20

#: A sight as it travels between tasks: the JSON of `Sight`.
SightDocument = dict[str, Any]
#: The probes of an account by the checks' keys.
Probes = Mapping[str, ProbedAccess]


def observe_access(hook: Hooks, role: AccountRole) -> SightDocument:
    """Look at all that the checks need of an account, as its auditor."""
    return Auditor(hook, role, topology()).sight(declared_checks()).model_dump(mode="json")


def sights_of(documents: Iterable[SightDocument | None]) -> tuple[Sight, ...]:
    """Read the sights of the accounts that could be looked at."""
    return tuple(Sight.model_validate(document) for document in documents if document)


def probe_access(
    hook: Hooks, consumer: AccountRole, documents: Iterable[SightDocument | None]
) -> dict[str, ProbedAccess]:
    """Make the call of each check of a consumer with its own credentials."""
    prober = Prober(hook, sights_of(documents))
    return {check.key: _probed(prober.probe(check)) for check in declared_checks(consumer)}


def access_matrix(
    hook: Hooks,
    documents: Iterable[SightDocument | None],
    probes: Iterable[Probes | None],
    run: str,
) -> AccessMatrix:
    """Predict every check, put the probes beside it, log and store the matrix.

    Raises:
        SharingError: access is not as declared, or probes of an account did not run; the report is
            stored by then.
    """
    verdicts = {
        key: _verdict(probe) for of_account in probes for key, probe in (of_account or {}).items()
    }
    sights = tuple(sights_of(documents))
    rows = matrix(declared_checks(), Predictor(sights, topology()), verdicts)
    log.info("access matrix of %s:\n%s", run, table(rows))
    others = outsiders(declared_grants(), sights, topology())
    for other in others:
        log.info("outside the topology: %s", other)
    counts, at = summary(rows), clock.now()
    content = report(rows, others, run=run, at=at)
    text = markdown(rows, others, run=run, at=at)
    uri = store_report(hook, Report(ACCESS_MATRIX, run, at, counts, content, text))
    unprobed = {row.check.account_role for row in rows if row.check.key not in verdicts}
    _require_no_faults(rows, unprobed, uri)
    return AccessMatrix(findings=counts, report=uri)


def _require_no_faults(rows: Iterable[Row], unprobed: Iterable[AccountRole], uri: str) -> None:
    faults = [fault_text(row) for row in faults_of(rows)]
    faults += [f"the probes of {role} did not run" for role in sorted(unprobed)]
    if not faults:
        return
    more = [f"and {len(faults) - NAMED_FAULTS} more"] if len(faults) > NAMED_FAULTS else []
    raise SharingError(
        "access is not as declared:\n- " + "\n- ".join([*faults[:NAMED_FAULTS], *more]),
        next_step=f"Fix what is named, run again; the whole matrix is {uri}",
    )


def _probed(verdict: Verdict) -> ProbedAccess:
    return ProbedAccess(
        answer=verdict.answer.value,
        sides=[side.value for side in verdict.sides],
        reason=verdict.reason,
    )


def _verdict(probe: ProbedAccess) -> Verdict:
    return Verdict.of_json(dict(probe))
