"""What one task hands to another: small, JSON-able, and typed once for giver and taker.

XComArgs carry these values with their types. A template takes single texts (URIs) out of them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol, TypedDict, TypeVar

if TYPE_CHECKING:
    from airflow.sdk import Context

R_co = TypeVar("R_co", covariant=True)
R = TypeVar("R")


class Performing(Protocol[R_co]):
    """A task that returns what its `perform` returns."""

    @property
    def output(self) -> Any:
        """The XComArg of the result."""

    def perform(self, context: Context) -> R_co:
        """Do the work."""
        ...


def result_of(task: Performing[R]) -> R:
    """Return the result of a task as another one's argument: an XComArg, typed as its value."""
    result: R = task.output
    return result


class UpdatedStack(TypedDict):
    """A CloudFormation stack, and whether it was `updated` or left `unchanged`."""

    stack: str
    change: str


class PlannedShare(TypedDict):
    """The plan of one share or policy: actions in words (`nothing`), and what is waited for.

    `offered` says whether there is a share to be accepted, once the actions were taken.
    """

    account_role: str
    share: str
    actions: list[str]
    waiting: list[str]
    offered: bool


class ShareOfOwner(TypedDict):
    """A share by its owner's account role and its name: arguments of `ConvergeShareOperator`."""

    account_role: str
    share: str


class Receiver(TypedDict):
    """An account role and the shares it accepts: arguments of `AcceptInvitationsOperator`."""

    account_role: str
    shares: list[str]


class VerifiedAccess(TypedDict):
    """ARNs that a consumer could describe, and declared ones that RAM does not show yet."""

    described: list[str]
    waiting: list[str]


class DiscoveredResources(TypedDict):
    """ARNs that others let an account find, by kind."""

    feature_groups: list[str]
    model_groups: list[str]
    model_cards: list[str]


class ValidatedFile(TypedDict):
    """A raw file that keeps its contract: what it is called, and where it is stored.

    `rows_uri` is where its rows are, as they were read. `as_of` is the event time of its records,
    "" where a column has it. `stored` is false where the same file was stored before. `synthetic`
    says whether its rows are invented (`yes`, `no`).
    """

    data: str
    sha256: str
    uri: str
    rows_uri: str
    rows: int
    as_of: str
    stored: bool
    synthetic: str


class OriginOfRows(TypedDict):
    """The raw file that rows come from: `causeway.features.origins.Origin.document()`."""

    source: str
    sha256: str
    rows: int
    synthetic: str


class IngestedGroup(TypedDict):
    """One ingestion into a feature group: `IngestSummary.document()`, also in the asset's event."""

    group: str
    use_case_id: str
    source: str
    input_sha256: str
    stores: str
    job: str
    code: str
    commit: str
    run: str
    rows: int
    written: int
    older: int
    unchanged: int
    rejected: int
    failed: int
    retried: int
    appended: int
    appended_since: str
    bytes: int
    seconds: float
    rejects_uri: str
    empty: dict[str, float]
    faulty: dict[str, float]
    finished_at: str
    origin: OriginOfRows
    synthetic: str
    records: int
    rows_per_second: float


class EnrichedRecords(TypedDict):
    """Records read online: values by feature by identifier, and the identifiers without one."""

    feature_group: str
    records: dict[str, dict[str, Any]]
    missing: list[str]


class DeletedRecord(TypedDict):
    """One record that was deleted from a feature group's online store."""

    feature_group: str
    record: str
    event_time: str
    was_online: bool


class Erased(TypedDict):
    """What one run erased of a record from one feature group; `event_time` is the deletion's."""

    group: str
    changed: bool
    online: bool
    rows: int
    versions: int
    event_time: str


#: The figures of an erasure's report, whether its run changed anything, and the JSON's URI.
ReportedErasure = TypedDict(
    "ReportedErasure",
    {
        "groups changed": int,
        "rows erased": int,
        "object versions erased": int,
        "datasets built with it": int,
        "model versions built with it": int,
        "changed": bool,
        "report": str,
    },
)


class Dataset(TypedDict):
    """A dataset that was built: where it lies under its digest, and what it was queried from.

    `missing` counts, by feature group, the rows that have no record there. `sources` are the raw
    files of the rows in words, `synthetic` says whether any of them are invented.
    """

    digest: str
    uri: str
    rows: int
    groups: list[str]
    missing: dict[str, int]
    query_sha256: str
    snapshot: str
    execution_id: str
    sources: list[str]
    synthetic: str


class ProcessedJob(TypedDict):
    """A processing job: its name, and the folder of each output by name."""

    job: str
    outputs: dict[str, str]


class TrainedJob(TypedDict):
    """A training job: its name and where it left model and output data."""

    job: str
    model_uri: str
    output_uri: str
    hyperparameters: dict[str, str]
    image_uri: str


class PipelineResult(TypedDict):
    """An execution of a training's pipeline: the folders of its outputs, and its training jobs."""

    execution: str
    outputs: dict[str, str]
    jobs: list[TrainedJob]


class Best(TrainedJob):
    """The best of the candidates, with its MLflow run; `runs` are all candidates' by job.

    `production_uri` is where the artifact now in production lies, empty without one.
    """

    mlflow_run: str
    mlflow_parent: str
    metrics: dict[str, float]
    experiment: str
    runs: dict[str, str]
    production_uri: str


class Gated(TypedDict):
    """A candidate that passed its gates: the stored report by its URI and digest."""

    report_uri: str
    report_sha256: str
    artifact_sha256: str
    metrics: dict[str, float]


class Registered(TypedDict):
    """A registered version; `created` is false for one that was there already."""

    version_arn: str
    version: int
    artifact_sha256: str
    comparison: str | None
    created: bool


class PromotionConf(TypedDict):
    """The conf of a promotion run. Runs of older releases carry more keys, which nobody reads."""

    version_arn: str
    attempt: int


class PromotionRun(TypedDict):
    """A promotion run to start: the arguments of `TriggerDagRunOperator`."""

    trigger_dag_id: str
    trigger_run_id: str
    conf: PromotionConf
    reset_dag_run: bool


class DecisionItem(TypedDict):
    """A decision as the governance table holds it (`causeway.governance.table.decision_item`)."""

    pk: str
    sk: str
    version_arn: str
    target_stage: str
    attempt: int
    verdict: str
    person: str
    reason: str
    artifact_sha256: str
    gate_report_sha256: str
    decided_at: str
    valid_until: str


class Deployed(TypedDict):
    """A version that an account's endpoint serves."""

    endpoint: str
    endpoint_config: str
    version_arn: str
    account: str


#: The metrics of a live endpoint, by name.
EndpointTested = dict[str, float]


class RemovedEndpoint(TypedDict):
    """A test endpoint after its test; `removed` is false where it was gone or another version's."""

    endpoint: str
    account: str
    removed: bool


class Retired(TypedDict):
    """A version that was taken out of production; `removed`: its endpoint was deleted with it."""

    version_arn: str
    endpoint: str
    removed: bool


class SmokeTested(TypedDict):
    """What the production endpoint answered to a few rows."""

    endpoint: str
    account: str
    predictions: list[list[float]]


class ExportedCard(TypedDict):
    """The PDF of a model card's version, and its digest."""

    uri: str
    sha256: str
    card_version: int


class ProbedAccess(TypedDict):
    """The answer to a check: `yes`, `no` or `untested`, the missing sides, and AWS's words."""

    answer: str
    sides: list[str]
    reason: str


class Audited(TypedDict):
    """What was verified: the chains, and how many entries they have."""

    chains: list[str]
    entries: int


class AccessMatrix(TypedDict):
    """How many checks of the preflight there are of each finding, and where its report is."""

    findings: dict[str, int]
    report: str


class GrantUsage(TypedDict):
    """The grants of an owner's account that were used: resource, account, grant."""

    account: str
    uses: list[list[str]]


class AccessReview(TypedDict):
    """How many of each finding a review has, how many alerts it raised, where its report is."""

    findings: dict[str, int]
    alerts: int
    report: str


class AccessLog(TypedDict):
    """The month of an access log, how many calls of each deed it has, and where its report is."""

    month: str
    counts: dict[str, int]
    report: str


class RecordedLineage(TypedDict):
    """How many records of the lineage were read, and were new or changed; or what prevented it."""

    records: int
    changed: int
    problem: str


class LineageReport(TypedDict):
    """Where the Markdown of a report of the lineage is, and its figures."""

    report: str
    figures: dict[str, int]


class GovernanceReports(TypedDict):
    """The day that reports on governance are of, and where the Markdown of each is."""

    day: str
    reports: dict[str, str]


class RecordedUseCase(TypedDict):
    """A use case as it is recorded: its stage, its risk, and what people decide on."""

    use_case: str
    stage: str
    risk: str
    record: str
    chain: str
