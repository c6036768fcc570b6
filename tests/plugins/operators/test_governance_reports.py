"""Reports on governance, of versions that people decided on and that went live."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from causeway.topology.arns import ModelPackageArn
from tests import how_tos
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import approve, register, sync
from tests.plugins.conftest import context
from tests.plugins.promoting import promoted
from tests.plugins.table_records import state_of

pytestmark = pytest.mark.usefixtures("own_endpoints")

BUCKET = "causeway-governance-444444444444-eu-central-1"


@pytest.fixture(scope="module")
def live(shared: LocalPlatform) -> ModelPackageArn:
    """A version that is live in production."""
    return ModelPackageArn.parse(promoted(shared, "reported"))


@pytest.fixture
def waiting(shared: LocalPlatform, live: ModelPackageArn) -> str:
    """A version that waits for its decision."""
    version: str = register("waiting").perform(context())["version_arn"]
    sync()
    return version


def write(**parameters: Any) -> dict[str, Any]:
    from causeway_airflow.operators.governance_reports import GovernanceReportsOperator

    operator = GovernanceReportsOperator(task_id="write", **parameters)
    written: dict[str, Any] = operator.execute(context())  # type: ignore[arg-type]
    return written


def stored(platform: LocalPlatform, kind: str, name: str) -> tuple[dict[str, Any], str]:
    """Return a report as JSON and as Markdown."""
    s3 = platform.client("s3", "governance")
    texts = [
        s3.get_object(Bucket=BUCKET, Key=f"reports/{kind}/{name}.{suffix}")["Body"].read()
        for suffix in ("json", "md")
    ]
    return json.loads(texts[0]), texts[1].decode()


def rows(document: dict[str, Any], title: str) -> list[dict[str, str]]:
    found: list[dict[str, str]] = next(
        table["rows"] for table in document["tables"] if table["title"].startswith(title)
    )
    return found


def today() -> str:
    return f"{datetime.now(UTC):%Y-%m-%d}"


def test_a_day_has_what_was_live_who_let_it_in_and_on_which_evidence(
    shared: LocalPlatform, live: ModelPackageArn
) -> None:
    result = write(report="production", model="credit_risk")
    name = f"{today()}-credit_risk"
    assert result == {
        "day": today(),
        "reports": {"production": f"s3://{BUCKET}/reports/production/{name}.md"},
    }
    document, text = stored(shared, "production", name)
    label = f"credit-risk/{live.version}"
    line = next(row for row in rows(document, "Live") if row["version"] == label)
    assert (line["approved for test by"], line["approved for production by"]) == (
        *("model-owner", "governance-officer"),
    )
    assert line["evidence"] == "complete: what was live is what was approved"
    told = {row["what"]: row["value"] for row in rows(document, label)}
    facts = state_of(str(live)).facts
    assert facts is not None and facts.gate_report_sha256 is not None
    address = told["gate report"].split(", ")[1]
    assert facts.gate_report_sha256 in address and str(facts.artifact_sha256) in told["artifact"]
    # The evidence is where the report says.
    bucket, _, key = address.removeprefix("s3://").partition("/")
    assert shared.client("s3", "shared_services").head_object(Bucket=bucket, Key=key)
    assert told["trained by"] == "ml-engineer"
    assert "source identity governance-officer" in told["call for production"]
    assert f"# In production on {today()}" in text and label in text


def test_another_run_of_a_day_writes_the_same_report_over_it(
    shared: LocalPlatform, live: ModelPackageArn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.tasks import clock

    now = datetime.now(UTC)
    monkeypatch.setattr(clock, "now", lambda: now)
    first, second = (write(report="production", day=today()) for _ in range(2))
    assert first == second
    s3, table = (shared.client(service, "governance") for service in ("s3", "dynamodb"))
    versions = s3.list_object_versions(Bucket=BUCKET, Prefix=f"reports/production/{today()}.")
    by_key: dict[str, list[str]] = {}
    for version in versions["Versions"]:  # of a key, the latest first
        by_key.setdefault(version["Key"], []).append(version["ETag"])
    assert len(by_key) == 3
    assert all(latest == before for latest, before, *_ in by_key.values())
    items = table.query(
        TableName="causeway-governance",
        KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
        ExpressionAttributeValues={
            ":pk": {"S": "REPORT#production"},
            ":sk": {"S": f"{today()}T00:00:00.000000+00:00#{today()}"},
        },
    )["Items"]
    assert [item["run"]["S"] for item in items if item["run"]["S"] == today()] == [today()]


def test_a_day_before_the_first_deployment_has_nothing_live(
    shared: LocalPlatform, live: ModelPackageArn
) -> None:
    write(report="production", day="2020-03-03")
    document, text = stored(shared, "production", "2020-03-03")
    assert document["figures"]["live"] == 0
    assert "Nothing was live in production on this day." in text


def test_all_reports_at_once_have_production_on_a_day_that_is_over(
    shared: LocalPlatform, live: ModelPackageArn
) -> None:
    reports = write(day="2020-03-04", model="credit_risk")["reports"]
    names = {kind: uri.rpartition("/")[2] for kind, uri in reports.items()}
    assert names.pop("production") == "2020-03-04-credit_risk.md"
    assert set(names.values()) == {f"{today()}-credit_risk.md"}


def test_all_reports_say_how_versions_and_approvals_stand(
    shared: LocalPlatform, live: ModelPackageArn, waiting: str
) -> None:
    assert set(write()["reports"]) == {"production", "versions", "approvals", "portfolio"}
    number = ModelPackageArn.parse(waiting).version
    versions, _ = stored(shared, "versions", today())
    newest = rows(versions, "credit_risk: versions")[0]
    assert newest["version"] == f"credit-risk/{number}"
    assert newest["development"].startswith("pending since")
    decided = {
        (row["version"], row["into"], row["person"])
        for row in rows(versions, "credit_risk: decisions")
    }
    label = f"credit-risk/{live.version}"
    assert (label, "test", "model-owner") in decided
    assert (label, "production", "governance-officer") in decided

    open_ones, _ = stored(shared, "approvals", today())
    waits = next(row for row in rows(open_ones, "Waiting") if row["version"] == newest["version"])
    assert (waits["into"], waits["may decide"]) == ("test", "model-owner")

    portfolio, _ = stored(shared, "portfolio", today())
    assert [row["use case"] for row in rows(portfolio, "Use cases")] == [
        *("california_housing", "credit_risk"),
    ]
    model = next(row for row in rows(portfolio, "Models") if row["model"] == "credit_risk")
    assert model["live"].startswith(f"{label} since ")


def test_what_was_rejected_and_what_was_refused_is_reported(
    shared: LocalPlatform, waiting: str
) -> None:
    # A session without a person's identity speaks, then the owner rejects.
    shared.client("sagemaker", "shared_services").update_model_package(
        ModelPackageArn=waiting, ModelApprovalStatus="Approved"
    )
    sync()
    approve(shared, waiting, "Rejected")
    write(report="approvals", model="credit_risk")
    document, text = stored(shared, "approvals", f"{today()}-credit_risk")
    label = f"credit-risk/{ModelPackageArn.parse(waiting).version}"
    (rejected,) = [row for row in rows(document, "Rejected") if row["version"] == label]
    assert (rejected["person"], rejected["reason"]) == ("model-owner", "because")
    refused = [row for row in rows(document, "Refused") if row["version"] == label]
    assert "has the identity" in refused[0]["why"] and refused[0]["event"] in text


def test_a_report_is_stored_even_if_it_cannot_be_printed(
    shared: LocalPlatform, live: ModelPackageArn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.tasks import governance_reports

    def unprintable(*_: object) -> bytes:
        raise ValueError("row too high")

    monkeypatch.setattr(governance_reports, "pdf", unprintable)
    name = f"{today()}-credit_risk"
    with pytest.raises(ValueError, match="row too high"):
        write(model="credit_risk")
    for kind in ("production", "versions", "approvals", "portfolio"):
        document, text = stored(shared, kind, name)
        assert document["report"] == kind and text.startswith("# ")


def test_the_documentation_s_way_to_a_report_works(
    shared: LocalPlatform, monkeypatch: pytest.MonkeyPatch
) -> None:
    (operator,) = how_tos.operators("reports.md")
    operator.execute(context())
    reads = next(block for block in how_tos.programs("reports.md") if "import boto3" in block)
    account = shared.accounts["governance"]
    monkeypatch.setenv("AWS_ENDPOINT_URL", shared.endpoint)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", account["access_key_id"])
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", account["secret_access_key"])
    names: dict[str, Any] = {}
    exec(reads, names)
    assert names["report"].startswith("# In production on 2026-03-03")


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"model": "moon"}, "there is no model 'moon'.*\n.*credit_risk"),
        ({"report": "moon"}, "there is no report 'moon'"),
        ({"day": "the third of March"}, "is no day: write it as 2026-03-01"),
        ({"report": "production", "day": "2999-01-01"}, "has not begun"),
        ({"report": "versions", "day": "2020-03-03"}, "says how things stand"),
    ],
)
def test_what_cannot_be_reported_is_refused_in_words(
    shared: LocalPlatform, parameters: dict[str, Any], words: str
) -> None:
    from airflow.sdk.exceptions import AirflowFailException

    with pytest.raises(AirflowFailException, match=words):
        write(**parameters)
