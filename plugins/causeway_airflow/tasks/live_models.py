"""The artifacts of what is live, compared with what was released.

Only the releaser tags an object version, after it compared the content with the decision. So the
current version is the one that was released if it has the tag, whatever the registry says.
"""

from __future__ import annotations

from causeway.deployment.leases import Live
from causeway.digests import Digest
from causeway.reporting.alerts import Alert, Severity
from causeway.topology.account_roles import AccountRole
from causeway.versions.registry import RELEASED, RELEASES, artifact_key
from causeway_airflow.configuration import topology, use_cases
from causeway_airflow.hooks.artifacts import ArtifactsHook
from causeway_airflow.hooks.base import AwsCallError
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.alerts import raise_alerts
from causeway_airflow.tasks.stage_records import stage_table


def look(hook: Hooks, run: str) -> dict[str, str]:
    """Raise an alert for each live model whose artifact is not there as it was released."""
    table, files = stage_table(hook), hook(ArtifactsHook)
    models = [model.name for case in use_cases() for model in case.models]
    lives = [(name, table.live(AccountRole.PROD, name)) for name in models]
    found = {
        name: (live, problem)
        for name, live in lives
        if live is not None and not live.removed_at and (problem := _problem(files, name, live))
    }
    raise_alerts(hook, [_alert(live, problem, run) for live, problem in found.values()])
    return {name: problem for name, (_, problem) in found.items()}


def _problem(files: ArtifactsHook, model: str, live: Live) -> str | None:
    """Return what is wrong with the artifact of what is live, None if nothing is."""
    bucket = topology().bucket(AccountRole.SHARED_SERVICES)
    uri = f"s3://{bucket}/{artifact_key(model, Digest(live.artifact_sha256))}"
    try:
        tags = files.tags(uri)
    except AwsCallError as error:
        if error.denied or error.retryable:
            raise
        return f"{uri} cannot be read: {error.what}"
    if tags.get(RELEASES[AccountRole.PROD]) == RELEASED:
        return None
    return f"the current version of {uri} was not released for production"


def _alert(live: Live, problem: str, run: str) -> Alert:
    return Alert(
        what=f"endpoint {live.endpoint} could not be loaded again: {problem}",
        severity=Severity.CRITICAL,
        account=topology().account(AccountRole.SHARED_SERVICES),
        subject=str(live.version_arn),
        next_step="Find out in CloudTrail who changed the artifact; have an administrator of the "
        "account delete the version, or the delete marker, that hides the released one.",
        run=run,
    )
