"""What runs did is put on record for the lineage: once, and by the next run what is missing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from causeway.lineage.questions import Lineage
from causeway.lineage.records import KINDS
from causeway.lineage.things import Kind
from tests import how_tos
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import ABOUT, register
from tests.plugins.conftest import context
from tests.plugins.ingesting import engineered, ingest
from tests.plugins.promoting import promoted

pytestmark = pytest.mark.usefixtures("own_endpoints", "own_lineage")

KEEPER = "causeway-lineage-keeper"
NOON = "2026-03-01T12:00:00.000000+00:00"


def lineage() -> Lineage:
    from causeway_airflow.hooks.lineage import LineageHook

    hook = LineageHook("causeway_governance_table_reader")
    return Lineage.of(record for kind in KINDS for record in hook.records(kind))


def counts() -> dict[str, int]:
    from causeway_airflow.hooks.lineage import LineageHook

    return LineageHook("causeway_governance_table_reader").counts()


def features() -> Any:
    from causeway_airflow.operators.lineage import RecordFeaturesOperator

    return RecordFeaturesOperator(task_id="lineage", use_case="credit_risk").perform(context())


def version(arn: str) -> Any:
    from causeway_airflow.operators.lineage import RecordVersionOperator

    return RecordVersionOperator(task_id="lineage", version_arn=arn, **ABOUT).perform(context())


def deployments(arn: str | None) -> Any:
    from causeway_airflow.operators.lineage import RecordDeploymentsOperator

    operator = RecordDeploymentsOperator(task_id="lineage", version_arn=arn, **ABOUT)
    return operator.perform(context())


def read_in() -> Any:
    from causeway_airflow.operators.lineage import ReadInLineageOperator

    return ReadInLineageOperator(task_id="read_in").perform(context())


@pytest.fixture(scope="module")
def live(shared: LocalPlatform, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A version in production, of features that were ingested."""
    folder = engineered(tmp_path_factory.mktemp("rows"), "lineage")
    ingest(folder, "run-lineage", stores="online")
    return promoted(shared, "traced")


def test_each_run_puts_what_it_did_on_record_once(shared: LocalPlatform, live: str) -> None:
    for task in (features, lambda: version(live), lambda: deployments(live)):
        first = task()
        assert first["problem"] == "" and first["records"] >= first["changed"] > 0
        before = counts()
        assert task() == {"records": first["records"], "changed": 0, "problem": ""}
        assert counts() == before
    known = lineage()
    part = known.behind("prod/credit-risk")
    assert [thing.id for thing in part.of_kind(Kind.VERSION)] == [live]
    people = {decision.facts["person"] for decision in part.of_kind(Kind.DECISION)}
    assert people == {"governance-officer"}
    sources = [thing.id for thing in known.graph.all_of(Kind.SOURCE)]
    groups = {group.name for source in sources for group in known.feature_groups_of(source)}
    assert any(name.startswith("credit-risk-") for name in groups)


def test_a_version_has_its_training_and_people_on_record(live: str) -> None:
    version(live)
    thing = lineage().thing(live)
    assert thing.facts["trained_by"] == "ml-engineer"
    assert thing.facts["metrics"]["auc"] == 1.0
    came_of = lineage().whole(live)
    (artifact,) = came_of.of_kind(Kind.ARTIFACT)
    (job,) = came_of.of_kind(Kind.TRAINING)
    (run,) = came_of.of_kind(Kind.RUN)
    assert artifact.facts["uri"].startswith("s3://causeway-shared-services-")
    assert job.name.startswith("credit-risk-train-") and run.name == "run"


def test_a_service_that_fails_fails_no_run_and_is_made_good(
    shared: LocalPlatform, live: str, caplog: pytest.LogCaptureFixture
) -> None:
    arn: str = register("not on record").perform(context())["version_arn"]
    iam = shared.client("iam", "governance")
    denial = {"Effect": "Deny", "Action": "dynamodb:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [denial]})
    iam.put_role_policy(RoleName=KEEPER, PolicyName="denied", PolicyDocument=policy)
    try:
        result = version(arn)
    finally:
        iam.delete_role_policy(RoleName=KEEPER, PolicyName="denied")
    assert "AccessDenied" in result["problem"] and result["changed"] == 0
    assert "lacks this run until platform__lineage" in caplog.text
    assert not lineage().graph.named(arn)
    assert read_in()["problem"] == ""
    assert lineage().thing(arn).id == arn
    assert read_in()["changed"] == 0


def test_the_program_of_the_page_asks_as_whoever_may_read_the_table(
    shared: LocalPlatform, live: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read_in()
    (program,) = how_tos.programs("lineage.md")
    account = shared.accounts["governance"]
    monkeypatch.setenv("AWS_ENDPOINT_URL", shared.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", account["access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", account["secret_access_key"])
    names: dict[str, Any] = {}
    exec(program, names)
    assert names["rows"] and "Name/Source" in names["rows"][0]


def test_the_keeper_writes_nothing_but_the_lineage(shared: LocalPlatform) -> None:
    from causeway.items import Key, create
    from causeway_airflow.hooks.base import AwsCallError
    from causeway_airflow.hooks.governance import GovernanceHook

    table = GovernanceHook("causeway_governance_lineage_keeper")
    for key in (Key("VERSION#x", "STAGE#test"), Key("DECISION#x", "FACTS"), Key("AUDIT#x", "HEAD")):
        with pytest.raises(AwsCallError) as refused:
            table.apply(create(key, key.item()))
        assert refused.value.denied
    with pytest.raises(AwsCallError) as unread:
        table.query("LINEAGE#version")
    assert unread.value.denied


def in_production(arn: str) -> list[str]:
    uses = lineage().live_endpoints(arn)
    return sorted(use.endpoint.name for use in uses if ":666666666666:" in use.endpoint.id)


def test_endpoints_that_others_made_are_read_in_and_end(shared: LocalPlatform, live: str) -> None:
    version(live)
    sagemaker = shared.client("sagemaker", "prod")
    config = sagemaker.describe_endpoint(EndpointName="credit-risk")["EndpointConfigName"]
    sagemaker.create_endpoint(EndpointName="beside", EndpointConfigName=config)
    sagemaker.get_waiter("endpoint_in_service").wait(
        EndpointName="beside", WaiterConfig={"Delay": 1}
    )
    read_in()
    assert in_production(live) == ["beside", "credit-risk"]
    sagemaker.delete_endpoint(EndpointName="beside")
    sagemaker.get_waiter("endpoint_deleted").wait(EndpointName="beside", WaiterConfig={"Delay": 1})
    assert read_in()["changed"] == 1
    assert in_production(live) == ["credit-risk"]


def test_a_part_that_cannot_be_read_is_named_and_the_others_are_on_record(
    shared: LocalPlatform, live: str
) -> None:
    from causeway.errors import UnexpectedState

    arn: str = register("beside a failure").perform(context())["version_arn"]
    iam = shared.client("iam", "data")
    denial = {"Effect": "Deny", "Action": "sagemaker:DescribeFeatureGroup", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [denial]})
    iam.put_role_policy(RoleName="causeway-ingester", PolicyName="denied", PolicyDocument=policy)
    try:
        with pytest.raises(UnexpectedState, match="features of credit_risk"):
            read_in()
    finally:
        iam.delete_role_policy(RoleName="causeway-ingester", PolicyName="denied")
    assert lineage().thing(arn).id == arn


def test_a_version_that_says_an_odd_dataset_is_on_record_like_the_others(
    shared: LocalPlatform, live: str
) -> None:
    registry = shared.client("sagemaker", "shared_services")
    odd: str = register("odd").perform(context())["version_arn"]
    registry.update_model_package(
        ModelPackageArn=odd, CustomerMetadataProperties={"dataset-sha256": "no digest"}
    )
    good: str = register("beside an odd one").perform(context())["version_arn"]
    try:
        read_in()
        assert {lineage().thing(arn).id for arn in (odd, good)} == {odd, good}
    finally:
        registry.delete_model_package(ModelPackageName=odd)


def test_sagemaker_has_what_jobs_do_not_say(
    shared: LocalPlatform, caplog: pytest.LogCaptureFixture
) -> None:
    from causeway.lineage.records import DatasetBuilt, Ingested
    from causeway_airflow.tasks.lineage import store

    group = "arn:aws:sagemaker:eu-central-1:111111111111:feature-group/credit-risk-loan"
    job = "arn:aws:sagemaker:eu-central-1:111111111111:processing-job/engineered"
    uri = "s3://causeway-data-science-222222222222-eu-central-1/datasets/x/dataset.parquet"
    records = [
        DatasetBuilt("a" * 64, uri=uri, use_case="credit_risk", features={group: ("duration",)}),
    ]
    made = Ingested(group, "run-view", "b" * 64, NOON, NOON, "s3://landing/loans.csv", job=job)
    science, data = (shared.client("sagemaker", role) for role in ("data_science", "data"))
    assert store(hooks, records) == 1
    (dataset,) = science.list_artifacts(SourceUri=uri)["ArtifactSummaries"]
    above = science.query_lineage(StartArns=[dataset["ArtifactArn"]], Direction="Ascendants")
    assert {vertex["Type"] for vertex in above["Vertices"]} == {"DataSet", "FeatureGroup"}
    (named,) = science.list_artifacts(SourceUri=group)["ArtifactSummaries"]
    assert named["ArtifactName"] == "fg-credit-risk-loan"
    # The job has never run, so that its trial component is not there: a warning, and no loss.
    assert store(hooks, [made]) == 1
    assert "SageMaker's lineage lacks a part" in caplog.text
    assert made.group in [record.group for record in held("ingestion")]
    assert store(hooks, [made]) == 1
    assert store(hooks, records) == 0
    assert data.list_artifacts(SourceUri="s3://landing/loans.csv")["ArtifactSummaries"]


def held(kind: str) -> list[Any]:
    from causeway_airflow.hooks.lineage import LineageHook

    return list(LineageHook("causeway_governance_table_reader").records(kind))


def hooks(kind: Any, role: Any = None, duty: Any = None) -> Any:
    from causeway.topology.connections import connection_id

    return kind(connection_id(role, duty))


def report_of(platform: LocalPlatform, uri: str) -> str:
    bucket, _, key = uri.removeprefix("s3://").partition("/")
    s3 = platform.client("s3", "governance")
    assert s3.head_object(Bucket=bucket, Key=f"{key.removesuffix('md')}pdf")
    return str(s3.get_object(Bucket=bucket, Key=key)["Body"].read().decode())


def test_a_version_s_audit_view_is_stored(shared: LocalPlatform, live: str) -> None:
    from causeway_airflow.operators.lineage_reports import LineageReportOperator

    read_in()
    operator = LineageReportOperator(task_id="write", version=None, **ABOUT)
    written = operator.execute(context())  # type: ignore[arg-type]
    text = report_of(shared, written["report"])
    assert text.startswith("# Lineage of credit-risk/")
    assert "governance-officer" in text and "endpoint/credit-risk" in text


def test_a_feature_goes_when_no_live_endpoint_depends_on_it(
    shared: LocalPlatform, live: str
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    from causeway.lineage.records import DatasetBuilt, GroupDefined
    from causeway_airflow.operators.lineage_reports import FeatureRetirementOperator
    from causeway_airflow.tasks.lineage import store
    from tests.plugins.results import DATASET

    def judge(feature: str) -> Any:
        operator = FeatureRetirementOperator(task_id="judge", feature=feature, reason="too costly")
        return operator.execute(context())  # type: ignore[arg-type]

    read_in()
    group = "arn:aws:sagemaker:eu-central-1:111111111111:feature-group/to-go"
    store(hooks, [GroupDefined(group, "credit_risk", "owner", ("used", "unused"))])
    used = {group: ("used",)}
    store(hooks, [DatasetBuilt(DATASET["digest"], use_case="credit_risk", features=used)])
    free = judge("to-go.unused")
    assert free["figures"] == {"live_endpoints": 0, "models": 0, "versions": 0}
    assert "It may go." in report_of(shared, free["report"])
    for name in ("to-go.used", "to-go"):
        with pytest.raises(
            AirflowFailException, match=r"may not go: .*credit-risk.*\n.*Tell model-owner"
        ):
            judge(name)
    with pytest.raises(AirflowFailException, match="knows no feature or feature group 'nothing'"):
        judge("nothing")


def test_the_keys_of_a_version_are_those_of_its_records() -> None:
    from types import SimpleNamespace

    from causeway.lineage.records import DatasetBuilt, VersionRegistered
    from causeway_airflow.tasks.lineage import _keys

    arn = "arn:aws:sagemaker:eu-central-1:333333333333:model-package/credit-risk/1"
    version: Any = SimpleNamespace(arn=arn, metadata={"dataset-sha256": "a" * 64})
    case: Any = SimpleNamespace(id="credit_risk")
    written = (VersionRegistered(arn, "", ""), DatasetBuilt("a" * 64, use_case="credit_risk"))
    assert _keys(case, version) == [record.key for record in written]
