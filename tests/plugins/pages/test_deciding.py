"""Deciding on the page of a version: what is offered to whom, and what becomes of a word."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi.testclient import TestClient

from causeway.topology.accounts import load_topology
from causeway.topology.arns import ModelPackageArn
from stack import settings
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import approve, register, sync
from tests.plugins.conftest import context
from tests.plugins.table_records import stage_table

HEADERS = {"X-Causeway": "word", "Origin": "http://testserver"}
AsUser = Callable[[str], TestClient]


@pytest.fixture
def door(shared: LocalPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment of the API server, which alone has the door's key."""
    for name, value in settings.api_server(load_topology()).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def signed_in(door: None) -> Iterator[AsUser]:
    """The application as a user sees it, who may answer requests in Airflow."""
    from airflow.api_fastapi.core_api.security import get_user

    from causeway_airflow.pages import acting, deciding, governance
    from causeway_airflow.pages.application import create

    acting._hooks.clear()
    application = create()
    for guard in (*deciding.router.dependencies, *governance.router.dependencies):
        application.dependency_overrides[guard.dependency] = lambda: None
    allows = SimpleNamespace(is_authorized_dag=lambda **about: True)
    with pytest.MonkeyPatch.context() as patch, TestClient(application) as client:
        patch.setattr(deciding, "get_auth_manager", lambda: allows)

        def as_user(name: str) -> TestClient:
            user = SimpleNamespace(get_name=lambda: name, get_id=lambda: name)
            application.dependency_overrides[get_user] = lambda: user
            return client

        yield as_user
    acting._hooks.clear()


@pytest.fixture
def version(shared: LocalPlatform, request: pytest.FixtureRequest) -> ModelPackageArn:
    registered = register(request.node.name).perform(context())
    sync()
    return ModelPackageArn.parse(registered["version_arn"])


def address(version: ModelPackageArn) -> str:
    return f"/governance/models/credit_risk/versions/{version.version}"


def word(target: str = "test", verdict: str = "approved", reason: str = "because") -> Any:
    return {"target": target, "verdict": verdict, "reason": reason}


def test_a_word_on_the_page_is_the_persons_call_and_becomes_a_decision(
    signed_in: AsUser, version: ModelPackageArn
) -> None:
    client = signed_in("model-owner")
    assert ">Approve for test</button>" in client.get(address(version)).text
    said = client.post(f"{address(version)}/words", json=word(), headers=HEADERS)
    assert said.json() == {"person": "model-owner", "verdict": "approved", "target": "test"}
    sync()
    (decision,) = stage_table().state(version).decisions
    assert (decision.person, decision.reason) == ("model-owner", "because")
    assert decision.call is not None
    assert decision.call.identity == "model-owner"
    assert decision.call.role == ("arn:aws:iam::333333333333:role/causeway-test-approver")


def test_a_rejection_on_the_page_stops_what_was_approved_before(
    signed_in: AsUser, version: ModelPackageArn, shared: LocalPlatform
) -> None:
    approve(shared, str(version))
    sync()
    client = signed_in("governance-officer")
    assert ">Stop</button>" in client.get(address(version)).text
    said = client.post(
        f"{address(version)}/words", json=word("production", "rejected"), headers=HEADERS
    )
    assert said.status_code == 200, said.text
    sync()
    (stop,) = stage_table().state(version).revocations
    assert stop.person == "governance-officer"


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        ("ml-engineer", "ml-engineer may not decide on test of model credit_risk"),
        ("governance-officer", "governance-officer may not decide on test"),
        ("auditor", "has the identity &#39;auditor&#39;"),
    ],
)
def test_who_may_not_decide_sees_why_and_changes_nothing(
    signed_in: AsUser, version: ModelPackageArn, user: str, reason: str
) -> None:
    client = signed_in(user)
    page = client.get(address(version)).text
    assert reason in page and "<button" not in page
    refused = client.post(f"{address(version)}/words", json=word(), headers=HEADERS)
    assert refused.status_code == 403
    sync()
    state = stage_table().state(version)
    assert state.decisions == () and state.refused == frozenset()
    assert stage_table().refusals(version) == []


def test_a_word_about_what_is_not_asked_is_refused_before_it_is_said(
    signed_in: AsUser, version: ModelPackageArn, shared: LocalPlatform
) -> None:
    refused = signed_in("governance-officer").post(
        f"{address(version)}/words", json=word("production"), headers=HEADERS
    )
    assert refused.status_code == 403
    assert "has no test record yet" in refused.json()["detail"]
    package = shared.client("sagemaker", "shared_services").describe_model_package(
        ModelPackageName=str(version)
    )
    assert package["ModelLifeCycle"]["Stage"] == "Development"


@pytest.mark.parametrize(
    ("headers", "body", "status"),
    [
        ({}, word(), 403),
        ({"X-Causeway": "word", "Origin": "https://elsewhere.example"}, word(), 403),
        (HEADERS, word(reason=" \n "), 400),
        (HEADERS, word(reason="x" * 1025), 422),
        (HEADERS, word(target="development"), 422),
        (HEADERS, word() | {"more": 1}, 422),
    ],
)
def test_a_request_that_no_page_of_ours_sends_is_refused(
    signed_in: AsUser, version: ModelPackageArn, headers: Any, body: Any, status: int
) -> None:
    client = signed_in("model-owner")
    refused = client.post(f"{address(version)}/words", json=body, headers=headers)
    assert refused.status_code == status
    sync()
    assert stage_table().state(version).decisions == ()


def test_a_changed_package_is_refused_when_it_is_pressed(
    signed_in: AsUser, version: ModelPackageArn, shared: LocalPlatform
) -> None:
    shared.client("sagemaker", "shared_services").update_model_package(
        ModelPackageArn=str(version), CustomerMetadataProperties={"trained-by": "somebody"}
    )
    refused = signed_in("model-owner").post(
        f"{address(version)}/words", json=word(), headers=HEADERS
    )
    assert refused.status_code == 403
    assert "was changed after it was registered" in refused.json()["detail"]


def test_no_worker_can_decide_for_people(version: ModelPackageArn, shared: LocalPlatform) -> None:
    from causeway.governance.gestures import Verdict
    from causeway.versions.stages import Stage
    from causeway_airflow.hooks.approver import ApproverHook
    from causeway_airflow.hooks.base import AwsCallError

    with pytest.raises(AwsCallError, match="no Airflow connection causeway_door"):
        ApproverHook("model-owner", Stage.TEST).say(version, Verdict.APPROVED, "as a task")


def test_the_door_is_nobody_whom_the_stage_does_not_know(
    door: None, version: ModelPackageArn
) -> None:
    from causeway.governance.gestures import Verdict
    from causeway.versions.stages import Stage
    from causeway_airflow.hooks.approver import ApproverHook
    from causeway_airflow.hooks.base import AwsCallError

    for person, stage in (("governance-officer", Stage.TEST), ("model-owner", Stage.PRODUCTION)):
        with pytest.raises(AwsCallError, match="AccessDenied"):
            ApproverHook(person, stage).say(version, Verdict.APPROVED, "because")


def test_a_topology_without_a_door_offers_nothing_and_says_so(
    signed_in: AsUser, version: ModelPackageArn, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    from stack import layout

    text = layout.TOPOLOGY.read_text()
    closed = "\n".join(line for line in text.splitlines() if not line.startswith("  door:"))
    (tmp_path / "closed.yaml").write_text(closed)
    monkeypatch.setenv("CAUSEWAY_TOPOLOGY", str(tmp_path / "closed.yaml"))
    client = signed_in("model-owner")
    assert 'class="deciding"' not in client.get(address(version)).text
    refused = client.post(f"{address(version)}/words", json=word(), headers=HEADERS)
    assert refused.status_code == 403 and "lets nobody decide in Airflow" in refused.text
