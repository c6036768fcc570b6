"""The governance pages, read from a table that the sync and people have written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from causeway.deployment.leases import Live, live_key, write_history, write_live
from causeway.governance.audit import chain_pk
from causeway.governance.table import promotion_run_id
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import approve, register, sync
from tests.plugins.conftest import context
from tests.plugins.table_records import stage_table

MARKUP = "<script>alert('x')</script>"
MODEL = "/governance/models/credit_risk"


def report_of(version: ModelPackageArn) -> str:
    """Return the digest of the gate report that a version was registered with."""
    known = stage_table().state(version).facts
    assert known is not None
    return str(known.gate_report_sha256)


@pytest.fixture
def pages(shared: LocalPlatform) -> Iterator[TestClient]:
    """The application, as somebody who is signed in sees it."""
    from airflow.api_fastapi.core_api.security import get_user

    from causeway_airflow.pages import acting
    from causeway_airflow.pages.application import create
    from causeway_airflow.pages.governance import router

    acting._hooks.clear()
    application = create()
    user = SimpleNamespace(get_name=lambda: "auditor", get_id=lambda: "auditor")
    application.dependency_overrides[get_user] = lambda: user
    for guard in router.dependencies:
        application.dependency_overrides[guard.dependency] = lambda: None
    with TestClient(application) as client:
        yield client
    acting._hooks.clear()


@pytest.fixture
def version(shared: LocalPlatform, request: pytest.FixtureRequest) -> ModelPackageArn:
    """A version of its own that the sync has seen."""
    registered = register(request.node.name).perform(context())
    sync()
    return ModelPackageArn.parse(registered["version_arn"])


@pytest.fixture
def live(version: ModelPackageArn, shared: LocalPlatform) -> Iterator[Live]:
    """A record that the version is live in production since a day, rolled back to."""
    table, key = stage_table(), live_key(AccountRole.PROD, "credit_risk")
    items = shared.client("dynamodb", "governance")
    at: Any = {
        "TableName": "causeway-governance",
        "Key": {"pk": {"S": key.pk}, "sk": {"S": key.sk}},
    }
    before = items.get_item(**at).get("Item")
    served = Live(
        *(AccountRole.PROD, "credit_risk", version, "a" * 64, "credit-risk", "config", "run-1"),
        fencing=10**9 + 2 * version.version,
        deployed_at=datetime.now(UTC) - timedelta(days=1),
        reason=MARKUP,
    )
    for update in (write_history(served), write_live(served)):
        assert table.apply(update)
    yield served
    for later in (served, replace(served, fencing=served.fencing + 1)):
        sort_key = {"S": write_history(later).key.sk}
        items.delete_item(**{**at, "Key": {"pk": {"S": key.pk}, "sk": sort_key}})
    items.delete_item(**at)
    if before:
        items.put_item(TableName="causeway-governance", Item=before)


def test_the_first_page_says_what_waits_for_whom(
    pages: TestClient, version: ModelPackageArn
) -> None:
    page = pages.get("/governance/").text
    assert f"credit-risk/{version.version}</a>" in page
    assert "waits for test" in page and "model-owner decides" in page


def test_the_first_page_says_what_is_live(pages: TestClient, live: Live) -> None:
    page = pages.get("/governance/").text
    assert f"since <time>{live.deployed_at:%Y-%m-%d %H:%M} UTC</time>" in page


def test_a_board_has_each_version_by_stage(
    pages: TestClient, version: ModelPackageArn, shared: LocalPlatform
) -> None:
    approve(shared, str(version))
    page = pages.get(MODEL).text
    row = page.split(f">credit-risk/{version.version}</a>")[1].split("</tr>")[0]
    assert '<span class="mark approved">approved</span>' in row
    assert "model-owner" in row


def test_older_versions_come_on_the_next_page(
    pages: TestClient, version: ModelPackageArn, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.tasks import boards

    other = ModelPackageArn.parse(register("one more").perform(context())["version_arn"])
    sync()
    monkeypatch.setattr(boards, "VERSIONS_A_PAGE", 1)
    first = pages.get(MODEL).text
    newer, older = sorted((version.version, other.version), reverse=True)
    assert f">credit-risk/{newer}</a>" in first and f">credit-risk/{older}</a>" not in first
    assert f'href="/governance/models/credit_risk?below={newer}"' in first
    assert f">credit-risk/{older}</a>" in pages.get(MODEL, params={"below": newer}).text


@pytest.mark.parametrize("address", [MODEL, "/governance/day"])
def test_it_is_told_what_was_live_on_a_day_and_who_let_it_in(
    pages: TestClient, live: Live, shared: LocalPlatform, address: str
) -> None:
    def answer(day: str) -> str:
        return pages.get(address, params={"day": day}).text.split("Live in production on")[1]

    day = f"{live.deployed_at:%Y-%m-%d}"
    approve(shared, str(live.version_arn))
    label = f">credit-risk/{live.version_arn.version}</a>"
    row = answer(day).split(label)[1].split("</tr>")[0]
    # It went live before anybody approved it, and the page says that nobody had let it in.
    assert row.count("not recorded") >= 2 and "no approval for test is recorded" in row
    assert "Nothing was live on 2001-01-01" in answer("2001-01-01").split("</table>")[0]


def test_it_is_told_who_had_approved_what_was_live(
    pages: TestClient, live: Live, shared: LocalPlatform
) -> None:
    approve(shared, str(live.version_arn))
    facts = stage_table().state(live.version_arn).facts
    assert facts is not None and facts.artifact_sha256
    later = replace(
        live,
        fencing=live.fencing + 1,
        deployed_at=datetime.now(UTC),
        run_id=promotion_run_id(live.version_arn, 1),
        artifact_sha256=facts.artifact_sha256,
        package_sha256=facts.package_sha256,
    )
    for update in (write_history(later), write_live(later)):
        assert stage_table().apply(update)
    day = f"{later.deployed_at:%Y-%m-%d}"
    table = pages.get("/governance/day", params={"day": day}).text.split("Live in production on")[1]
    label = f">credit-risk/{live.version_arn.version}</a>"
    row = table.split(label)[-1].split("</tr>")[0]
    assert "model-owner<small>" in row and ": because</small>" in row
    assert "no approval for production is recorded" in row and "for test is" not in row


@pytest.mark.parametrize("address", [MODEL, "/governance/day"])
def test_a_day_that_is_none_is_said_with_what_to_write(pages: TestClient, address: str) -> None:
    for day, words in (("yesterday", "write it as 2026-03-01"), ("2999-01-01", "has not begun")):
        reply = pages.get(address, params={"day": day})
        assert reply.status_code == 400
        assert words in reply.text.split('<p class="note bad">')[1].split("</p>")[0]
        assert 'type="date"' in reply.text


def test_a_version_has_who_decided_why_and_how_to_decide_next(
    pages: TestClient, version: ModelPackageArn, shared: LocalPlatform
) -> None:
    address = f"{MODEL}/versions/{version.version}"
    before = pages.get(address).text
    assert f"make approve VERSION=credit-risk/{version.version} FOR=test AS=model-owner" in before
    approve(shared, str(version))
    after = pages.get(address).text
    assert "make approve" not in after
    decided = after.split("<h2>Decisions</h2>")[1]
    assert "<td>model-owner</td>" in decided and "<td>because</td>" in decided
    assert f"credit-risk-v{version.version}-1</a>" in after


def test_a_version_has_its_entries_in_the_audit_the_latest_first(
    pages: TestClient, version: ModelPackageArn, shared: LocalPlatform
) -> None:
    approve(shared, str(version))
    page = pages.get(f"{MODEL}/versions/{version.version}").text
    audit = page.split("<h2>Audit</h2>")[1].split("</table>")[0]
    assert [part.split("</td>")[0] for part in audit.split("UTC</time></td>\n      <td>")[1:]] == [
        "recorded development",
        "decided test",
        "promotion",
        "recorded development",
        "seen",
    ]
    assert "<td>model-owner</td>\n      <td>registry</td>" in audit


@pytest.mark.parametrize("changed", [{"at": "yesterday"}, {"reason": None}, {"person": "nobody"}])
def test_an_entry_that_was_changed_is_named_on_the_page(
    pages: TestClient,
    version: ModelPackageArn,
    shared: LocalPlatform,
    changed: dict[str, str | None],
) -> None:
    from causeway_airflow.hooks.stage_table import StageTableHook

    table = StageTableHook("causeway_governance_recorder")
    items = table.query(chain_pk(version.group))
    item = next(each for each in reversed(items) if each.get("subject") == str(version))
    database = shared.client("dynamodb", "governance")
    forged = {k: v for k, v in (item | changed).items() if v is not None}
    database.put_item(TableName=table.table, Item=table._encode(forged))
    try:
        page = pages.get(f"{MODEL}/versions/{version.version}")
    finally:
        database.put_item(TableName=table.table, Item=table._encode(item))
    assert page.status_code == 200
    assert f"Entry {item['number']} cannot be read" in page.text


def test_a_version_has_its_gates_in_rows_once_a_decision_was_asked_for(
    pages: TestClient, version: ModelPackageArn
) -> None:
    from causeway.gates.copies import write_copy
    from causeway_airflow.configuration import case_and_model
    from causeway_airflow.pages.acting import hook
    from causeway_airflow.tasks.approval_requests import copy_gate_report
    from causeway_airflow.tasks.promotion import Subject

    address = f"{MODEL}/versions/{version.version}"

    def gates() -> str:
        return pages.get(address).text.split("<h2>Gates</h2>")[1].split("<h2>")[0]

    before = gates()
    assert "holds no copy" in before and f"/gate-reports/{report_of(version)}.json" in before
    about = case_and_model("credit_risk", "credit_risk")
    subject = Subject(*about, version, 1, AccountRole.GOVERNANCE, "somebody")
    copy_gate_report(hook, subject)
    row = gates().split("<td>metric</td>")[1].split("</tr>")[0]
    assert "<td>auc</td>" in row and "at least 0.7" in row
    assert '<span class="mark pass">pass</span>' in row
    # Whoever writes over the copy is not believed, and the next request for a decision heals it.
    assert stage_table().apply(write_copy(version, '{"gates": []}'))
    assert "holds no copy" in gates()
    copy_gate_report(hook, subject)
    assert "<td>metric</td>" in gates()


def test_a_refused_gesture_is_on_the_page_of_its_version(
    pages: TestClient, version: ModelPackageArn, shared: LocalPlatform
) -> None:
    shared.client("sagemaker", "shared_services").update_model_package(
        ModelPackageArn=str(version), ModelApprovalStatus="Approved"
    )
    sync()
    page = pages.get(f"{MODEL}/versions/{version.version}").text
    assert "<h2>Refused</h2>" in page


def test_what_people_wrote_is_never_markup(pages: TestClient, live: Live) -> None:
    page = pages.get(MODEL).text
    assert MARKUP not in page
    assert "&lt;script&gt;" in page


def test_pages_load_nothing_from_elsewhere_and_run_no_script_but_ours(
    pages: TestClient, version: ModelPackageArn
) -> None:
    today = f"{datetime.now(UTC):%Y-%m-%d}"
    addresses = ("/governance/", MODEL, f"{MODEL}/versions/{version.version}")
    for address in (*addresses, f"/governance/day?day={today}"):
        reply = pages.get(address)
        assert "default-src 'none'" in reply.headers["content-security-policy"]
        assert "frame-ancestors 'self'" in reply.headers["content-security-policy"]
        assert "://" not in reply.text.replace("arn:aws:", "").replace("s3://", "")
        assert "style=" not in reply.text and reply.text.count("<script") == 1
    for name in ("pages.css", "pages.js"):
        assert pages.get(f"/governance/static/{name}").status_code == 200
    assert pages.get("/governance/static/..%2Fgovernance.py").status_code == 404
    assert pages.get("/governance/static/base.html").status_code == 404


def test_what_is_not_there_is_said(pages: TestClient) -> None:
    for address in ("/governance/models/moon", f"{MODEL}/versions/99999"):
        reply = pages.get(address)
        assert reply.status_code == 404
        assert "Not here" in reply.text


def test_a_table_that_cannot_be_read_is_said_with_the_next_step(
    pages: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.hooks.base import AwsCallError
    from causeway_airflow.hooks.stage_table import StageTableHook

    def down(*_: object, **__: object) -> None:
        raise AwsCallError("the table is away", code="X", text="x", next_step="Look at it.")

    monkeypatch.setattr(StageTableHook, "live_in", down)
    reply = pages.get("/governance/")
    assert reply.status_code == 502
    assert "could not be read" in reply.text and "Look at it." in reply.text


def test_the_audit_is_read_for_a_version_s_own_page_alone(
    pages: TestClient, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.hooks.base import AwsCallError
    from causeway_airflow.hooks.stage_table import StageTableHook

    def down(*_: object) -> None:
        raise AwsCallError("the chain is long", code="X", text="x", next_step="Wait.")

    monkeypatch.setattr(StageTableHook, "entries", down)
    day = f"{live.deployed_at:%Y-%m-%d}"
    for address in (MODEL, "/governance/day"):
        reply = pages.get(address, params={"day": day})
        assert reply.status_code == 200
        assert f">credit-risk/{live.version_arn.version}</a>" in reply.text
    assert pages.get(f"{MODEL}/versions/{live.version_arn.version}").status_code == 502


def test_the_reader_changes_nothing(shared: LocalPlatform) -> None:
    """The duty of the pages may not write what it reads."""
    from causeway_airflow.hooks.base import AwsCallError
    from causeway_airflow.hooks.stage_table import StageTableHook

    table = StageTableHook("causeway_governance_table_reader")
    served = Live(
        AccountRole.PROD,
        "credit_risk",
        ModelPackageArn.parse(
            "arn:aws:sagemaker:eu-central-1:333333333333:model-package/credit-risk/1"
        ),
        "a" * 64,
        "e",
        "c",
        "r",
        1,
        datetime.now(UTC),
    )
    with pytest.raises(AwsCallError, match="not authorized"):
        table.apply(write_live(served))
