"""A decided version behind the model's endpoint: begun under a lease, judged, recorded as live."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from causeway.deployment.leases import Lease
from causeway.deployment.rollout import (
    TAG_DIGEST,
    TAG_FENCING,
    TAG_RUN,
    TAG_VERSION,
    Start,
    Target,
    check_not_superseded,
    create_model_request,
    endpoint_config_request,
    how_to_start,
    judge_endpoint,
    require_success,
)
from causeway.errors import (
    ApprovalRefused,
    CausewayError,
    LeaseHeld,
    NotFound,
    Superseded,
    UnexpectedState,
    WriteConflict,
)
from causeway.governance.clearance import StoppedInTheRegistry
from causeway.governance.decisions import Decision
from causeway.governance.table import PromotionStatus, new_record
from causeway.statuses import Meaning
from causeway.topology.arns import ModelPackageArn
from causeway.versions.registry import RegistryVersion
from causeway.versions.stages import Stage, Status, current
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.endpoints import EndpointsHook, Observed
from causeway_airflow.hooks.stage_table import StageTableHook
from causeway_airflow.results import Deployed
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.approved_artifacts import require_cleared_still, require_no_stop
from causeway_airflow.tasks.audit import lock_head
from causeway_airflow.tasks.endpoint_leases import give_back, own_lease, take_lease
from causeway_airflow.tasks.live_versions import record_live
from causeway_airflow.tasks.promotion import Subject, registry_version
from causeway_airflow.tasks.release import release
from causeway_airflow.tasks.stage_records import (
    add_record,
    mark_promotion,
    move_record,
    stage_table,
)
from causeway_airflow.tasks.use_case_records import stage_word
from causeway_airflow.waits import Done, Outcome, Pending, Question, Wait

log = logging.getLogger(__name__)

#: The statuses of an endpoint that takes no other change before it has settled.
CHANGING: Final = frozenset({"Creating", "Updating", "SystemUpdating", "RollingBack"})
HOOK: Final = "causeway_airflow.hooks.endpoints.EndpointsHook"


class EndpointBusy(UnexpectedState):
    """Somebody else's change of the endpoint is in progress; it ends by itself."""

    retryable = True


def begin(hook: Hooks, subject: Subject, run_id: str) -> Outcome[Deployed]:
    """Release what was decided, take the lease, and begin or adopt the deployment.

    What was tested, and let into production since, is not deployed to test again.

    Raises:
        ApprovalRefused: the decisions do not let this version in now; what an earlier try began
            goes back.
        StoppedInTheRegistry: somebody has stopped the version there; likewise.
        LeaseHeld: another run deploys to the endpoint.
        Superseded: a newer version is live; the records say so.
        EndpointBusy: another change of the endpoint is in progress.
    """
    table, endpoints = stage_table(hook), hook(EndpointsHook)
    if has_passed(table, subject):
        names = target(table, subject)
        log.info("%s has passed %s: it is left as it is", subject.version, subject.stage.value)
        return Done(deployed(subject, names))
    version = registry_version(hook, subject.version)
    try:
        decision = release(hook, subject, version)
    except CausewayError as error:
        if not error.retryable:
            undo(hook, subject, run_id)
        raise
    if subject.stage is Stage.PRODUCTION:
        # Before anything is served by it: without a lock on its entry, a decision does nothing.
        lock_head(hook, subject.version.group)
    lease = take_lease(table, subject, run_id)
    try:
        check_not_superseded(version.arn, table.live(subject.role, subject.model.name))
    except Superseded:
        record_superseded(table, subject)
        give_back(table, lease)
        raise
    names = subject.target(decision.artifact_sha256)
    try:
        record_begin(table, subject, decision)
        require_no_stop(hook, subject)
        under_way = start_endpoint(endpoints, subject, names, version, lease)
    except CausewayError as error:
        if not error.retryable:  # this run ends here; another one may try
            give_back(table, lease)
        raise
    if not under_way:
        return Pending(until_gone(names), carried={"under_way": False})
    return Pending(wait_of(names), carried={"under_way": True})


def look(
    hook: Hooks, subject: Subject, run_id: str, *, under_way: bool = True
) -> Outcome[Deployed]:
    """Judge the endpoint; when it serves what was approved, write that.

    The lease is kept until the test that follows is over, so that it is this version that is asked.
    Where the deployment could not begin, because the name was still taken, it begins now.

    Raises:
        LeaseHeld: the lease went to another run.
        NotFound: the endpoint is gone, or the decision is.
        DeploymentFailed: it does not serve the approved artifact; the lease is given back.
        ApprovalRefused: somebody stopped the version, or it is another one by now; the endpoint
            goes back to what was live, or away.
    """
    if not under_way:
        outcome = begin(hook, subject, run_id)
        if isinstance(outcome, Pending) and outcome.carried["under_way"]:
            return replace(outcome, anew=True)
        return outcome
    table, endpoints = stage_table(hook), hook(EndpointsHook)
    try:
        names = target(table, subject)
    except NotFound:  # it was there when the deployment began
        undo(hook, subject, run_id)
        raise
    observed = endpoints.observe(names.endpoint)
    if observed.status is None:
        raise NotFound(
            f"endpoint {names.endpoint} is gone",
            principal=endpoints.principal,
            next_step="Find who deleted it, then clear the deployment task.",
        )
    judgement = judge_endpoint(
        names,
        status=observed.status,
        endpoint_config=observed.endpoint_config,
        artifact_sha256=observed.artifact_sha256,
    )
    lease = own_lease(table, subject, run_id)
    if judgement.verdict is Meaning.WAITING:
        return Pending(wait_of(names), carried={"under_way": True})
    if judgement.verdict is Meaning.FAILURE:
        give_back(table, lease)
    require_success(names, judgement, account=subject.account, reason=observed.reason)
    try:
        require_cleared_still(hook, subject)
        record_unless_stopped(hook, subject, names, lease)
    except (ApprovalRefused, StoppedInTheRegistry):
        take_back(table, endpoints, subject, names)
        give_back(table, lease)
        raise
    return Done(deployed(subject, names))


def deployed(subject: Subject, names: Target) -> Deployed:
    """Return what a deployment hands over."""
    return {
        "endpoint": names.endpoint,
        "endpoint_config": names.endpoint_config,
        "version_arn": str(subject.version),
        "account": subject.account,
    }


def has_passed(table: StageTableHook, subject: Subject) -> bool:
    """Tell whether a version has been through test: somebody let it into production after that.

    A run that is cleared whole goes on from there. Its test endpoint may be gone, or another's.
    """
    record = table.state(subject.version).records.get(Stage.TEST)
    tested = record is not None and record.status is Status.APPROVED
    return subject.stage is Stage.TEST and tested


def target(table: StageTableHook, subject: Subject) -> Target:
    """Return the names of the deployment of what was decided. Raises `NotFound` without that."""
    decision = table.standing(subject.version, subject.attempt).decision(subject.stage)
    if decision is None:
        raise NotFound(
            f"nobody has decided on {subject.stage.value} of {subject.version} (attempt "
            f"{subject.attempt})",
            next_step="A deployment needs the decision; approve the version first.",
        )
    return subject.target(decision.artifact_sha256)


def wait_of(names: Target) -> Wait:
    """Return the wait for an endpoint to settle; what it settled on is for `look` to judge."""
    return Wait(
        what=f"endpoint {names.endpoint}",
        ask=Question(HOOK, "describe_endpoint", {"EndpointName": names.endpoint}),
        path="EndpointStatus",
        enum="EndpointStatus",
    )


def until_gone(names: Target) -> Wait:
    """Return the wait for a deleted endpoint's name, which cannot be used before it is gone."""
    return Wait(
        what=f"the deletion of endpoint {names.endpoint}",
        ask=Question(HOOK, "gone", {"endpoint": names.endpoint}),
        unfinished="has not ended",
        next_step="Look at the endpoint; then re-run the task.",
    )


def start_endpoint(
    endpoints: EndpointsHook,
    subject: Subject,
    names: Target,
    version: RegistryVersion,
    lease: Lease,
) -> bool:
    """Make model and config, and bring the endpoint onto them; see `bring`."""
    endpoints.ensure_model(create_model_request(names, version, subject.role, topology()))
    compute = topology().compute_of(subject.role)
    endpoints.ensure_config(endpoint_config_request(names, version.arn, subject.model, compute))
    return bring(endpoints, names, tags_of(names, version.arn, lease), subject.account)


def bring(endpoints: EndpointsHook, names: Target, tags: Mapping[str, str], account: str) -> bool:
    """Create or update the endpoint, or adopt what is there.

    Returns False when the name is taken by an endpoint that is being deleted: a failed one is
    deleted here first.

    Raises:
        EndpointBusy: another change of it is in progress.
    """
    observed = endpoints.observe(names.endpoint)
    start = how_to_start(names, status=observed.status, endpoint_config=observed.endpoint_config)
    if start is Start.WAIT:
        raise EndpointBusy(
            f"endpoint {names.endpoint} is {observed.status} on {observed.endpoint_config}",
            account=account,
            next_step="The task retries until that change has ended.",
        )
    if start is Start.REPLACE:
        endpoints.delete(names.endpoint)
    if start is Start.CREATE:
        endpoints.create(names.endpoint, names.endpoint_config, tags)
    elif start is Start.UPDATE:
        endpoints.update(names.endpoint, names.endpoint_config)
    log.info("endpoint %s: %s %s", names.endpoint, start.value, names.endpoint_config)
    return start not in (Start.REPLACE, Start.WHEN_GONE)


def tags_of(names: Target, version: ModelPackageArn, lease: Lease) -> dict[str, str]:
    """Return the tags of an endpoint: what it serves, and under which lease."""
    return {
        TAG_VERSION: str(version),
        TAG_DIGEST: names.artifact_sha256,
        TAG_RUN: lease.owner,
        TAG_FENCING: str(lease.fencing),
    }


def record_unless_stopped(hook: Hooks, subject: Subject, names: Target, lease: Lease) -> None:
    """Write what is live. Raises `ApprovalRefused` when the attempt was revoked meanwhile."""
    try:
        record_live(stage_table(hook), subject, names, lease)
    except WriteConflict:
        require_no_stop(hook, subject)
        raise


def take_back(
    table: StageTableHook, endpoints: EndpointsHook, subject: Subject, names: Target
) -> None:
    """Have the endpoint go back to what was live before, or away."""
    before = table.live(subject.role, subject.model.name)
    back_to = before.endpoint_config if before and not before.removed_at else None
    if back_to is None:
        endpoints.delete(names.endpoint)
    elif back_to != names.endpoint_config:  # else it was live, and looked at, before that
        endpoints.update(names.endpoint, back_to)
    log.warning("endpoint %s goes %s", names.endpoint, f"back to {back_to}" if back_to else "away")


def undo(hook: Hooks, subject: Subject, run_id: str) -> None:
    """Have the endpoint go back from what an earlier try of this deployment brought it to.

    That try's worker died before it could look: nobody else would take it back.

    Raises:
        EndpointBusy: it still changes; AWS takes another change only afterwards.
        LeaseHeld: another run has the endpoint, which serves this version all the same.
    """
    table, endpoints = stage_table(hook), hook(EndpointsHook)
    endpoint = subject.model.endpoint
    observed = endpoints.observe(endpoint)
    if not (_serves(subject, observed) or observed.status in CHANGING):
        return
    try:
        lease = take_lease(table, subject, run_id)
    except LeaseHeld:
        if _serves(subject, observed):
            raise
        return  # it is the other run's change
    # Under the lease nobody else changes these.
    live, observed = table.live(subject.role, subject.model.name), endpoints.observe(endpoint)
    is_live = live and not live.removed_at and live.endpoint_config == observed.endpoint_config
    is_ours = _serves(subject, observed) and not is_live
    changes = observed.status in CHANGING
    if is_ours and not changes and observed.status not in (None, "Deleting"):
        take_back(table, endpoints, subject, subject.target(str(observed.artifact_sha256)))
    give_back(table, lease)
    if changes:
        raise EndpointBusy(
            f"{subject.version} may not enter {subject.stage.value}; endpoint {endpoint} is "
            f"{observed.status}, and goes back afterwards where it serves that version",
            account=subject.account,
            next_step="The task retries until that change has ended.",
        )


def _serves(subject: Subject, observed: Observed) -> bool:
    """Say whether an endpoint's config is one that a deployment of the version makes.

    Its own digest tells, not a decision: that may be gone by now, or no longer hold.
    """
    digest = observed.artifact_sha256
    return digest is not None and subject.target(digest).endpoint_config == observed.endpoint_config


def record_begin(table: StageTableHook, subject: Subject, decision: Decision) -> None:
    """Have the stage's record say that the version is being deployed."""
    now, stage = datetime.now(UTC), subject.stage
    records = table.state(subject.version).records
    record, development = records.get(stage), records.get(Stage.DEVELOPMENT)
    if record is None:
        status = Status.IN_PROGRESS if stage is Stage.TEST else Status.PENDING
        record = add_record(
            table,
            new_record(
                subject.version,
                stage,
                status,
                subject.case,
                subject.model,
                now=now,
                user=decision.person,
                use_case_stage=stage_word(table, subject.case),
                data_source=development.data_source if development else "",
                synthetic=development.synthetic if development else "",
            ),
            subject.by,
        )
    tested = stage is Stage.TEST and record.validation_metrics
    if record.status in (Status.DEPLOYED, Status.APPROVED) or tested:
        return  # a task that was cleared after its success
    move_record(table, record, Status.IN_PROGRESS, now=now, by=subject.by)


def record_superseded(table: StageTableHook, subject: Subject) -> None:
    """Write that the version and its promotion gave way to a newer version.

    A version that has gone on to production since (its deployment to test was cleared) did not: a
    newer one in test says nothing about production.
    """
    now = datetime.now(UTC)
    record = current(table.state(subject.version).records)
    if record is not None and record.stage is Stage.PRODUCTION is not subject.stage:
        return
    if record is not None:
        move_record(table, record, Status.SUPERSEDED, now=now, by=subject.by)
    mark_promotion(table, subject.version, PromotionStatus.SUPERSEDED, now, subject.by)
