"""Answers in Required Actions: what is said before Airflow has them, and what never reaches it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI, Request, Response
from fastapi.middleware.gzip import GZipMiddleware
from fastapi.testclient import TestClient

from causeway.topology.accounts import load_topology
from causeway.topology.arns import ModelPackageArn
from stack import settings
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import register, sync
from tests.plugins.conftest import context
from tests.plugins.table_records import stage_table

Answering = Callable[[str | None], TestClient]
RUNS = "/api/v2/dags/credit_risk__promotion/dagRuns"


@pytest.fixture
def passed() -> list[Any]:
    """What reached Airflow's application."""
    return []


@pytest.fixture
def opened() -> dict[str, Any]:
    """The request that waits, as Airflow tells it."""
    assigned = [{"id": "model-owner", "name": "model-owner"}]
    return {"response_received": False, "assigned_users": assigned}


@pytest.fixture
def signed_in(
    shared: LocalPlatform,
    monkeypatch: pytest.MonkeyPatch,
    passed: list[Any],
    opened: dict[str, Any],
) -> Iterator[Answering]:
    """The middleware before an application that notes what it gets, as somebody or as nobody."""
    from airflow.api_fastapi.core_api import security
    from fastapi import HTTPException

    from causeway_airflow.pages import acting, deciding
    from causeway_airflow.pages.answers import AnswerMiddleware

    for name, value in settings.api_server(load_topology()).items():
        monkeypatch.setenv(name, value)
    acting._hooks.clear()
    application = FastAPI()
    application.add_middleware(GZipMiddleware, minimum_size=1)

    @application.get("/{path:path}")
    async def tell(path: str) -> Any:
        waits = "another" not in path and "manual" not in path
        return opened if waits else Response(status_code=404)

    @application.patch("/{path:path}")
    async def note(request: Request) -> dict[str, str]:
        passed.append(await request.json())
        return {"by": "airflow"}

    def as_user(name: str | None) -> TestClient:
        async def get_user(*_: Any) -> Any:
            if name is None:
                raise HTTPException(401)
            return SimpleNamespace(get_name=lambda: name, get_id=lambda: name)

        monkeypatch.setattr(security, "get_user", get_user)
        rights = SimpleNamespace(is_authorized_dag=lambda **about: name != "auditor")
        monkeypatch.setattr(deciding, "get_auth_manager", lambda: rights)
        return TestClient(AnswerMiddleware(application))  # type: ignore[arg-type]

    yield as_user
    acting._hooks.clear()


@pytest.fixture
def version(shared: LocalPlatform, request: pytest.FixtureRequest) -> ModelPackageArn:
    registered = register(request.node.name).perform(context())
    sync()
    return ModelPackageArn.parse(registered["version_arn"])


def _sent(body: Any) -> dict[str, Any]:
    return {"content": body} if isinstance(body, str) else {"json": body}


def route(version: ModelPackageArn, stage: str = "test", attempt: int = 1) -> str:
    run = f"{RUNS}/{version.group}-v{version.version}-{attempt}"
    return f"{run}/taskInstances/approval_for_{stage}/-1/hitlDetails"


def answer(option: str = "Approve", reason: str = "because") -> dict[str, Any]:
    return {"chosen_options": [option], "params_input": {"reason": reason}}


def test_an_answer_is_said_and_then_given_to_airflow_as_it_was(
    signed_in: Answering, passed: list[Any], version: ModelPackageArn
) -> None:
    reply = signed_in("model-owner").patch(route(version), json=answer())
    assert reply.json() == {"by": "airflow"}
    assert passed == [answer()]
    sync()
    (decision,) = stage_table().state(version).decisions
    assert (decision.person, decision.reason) == ("model-owner", "because")


def test_what_the_guard_refuses_does_not_reach_airflow(
    signed_in: Answering, passed: list[Any], version: ModelPackageArn
) -> None:
    from causeway_airflow.pages.answers import REFUSED

    reply = signed_in("ml-engineer").patch(route(version), json=answer())
    assert reply.status_code == REFUSED
    assert reply.json()["detail"] == (
        "ml-engineer may not decide on test of model credit_risk. Ask one of: model-owner."
    )
    assert passed == []
    sync()
    assert stage_table().state(version).decisions == ()


@pytest.mark.parametrize(
    "body",
    [
        {"chosen_options": []},
        {"chosen_options": ["Approve", "Reject"], "params_input": {"reason": "both"}},
        {"chosen_options": ["Maybe"], "params_input": {"reason": "?"}},
        {"chosen_options": ["Approve"], "params_input": {"reason": 7}},
        {"chosen_options": ["Approve"], "params_input": {"reason": " "}},
        ["Approve"],
        "[" * 60_000,
    ],
)
def test_an_answer_that_says_nothing_clear_is_refused(
    signed_in: Answering, passed: list[Any], version: ModelPackageArn, body: Any
) -> None:
    assert signed_in("model-owner").patch(route(version), **_sent(body)).status_code == 400
    assert passed == []


def test_an_endless_answer_is_refused(
    signed_in: Answering, passed: list[Any], version: ModelPackageArn
) -> None:
    reply = signed_in("model-owner").patch(route(version), json=answer(reason="x" * 70_000))
    assert reply.status_code == 413
    assert passed == []


def test_an_answer_for_another_attempt_is_refused(
    signed_in: Answering, passed: list[Any], version: ModelPackageArn
) -> None:
    reply = signed_in("model-owner").patch(route(version, attempt=2), json=answer())
    assert reply.status_code == 409
    assert "is no promotion that goes on" in reply.json()["detail"]
    assert passed == []


def test_whoever_is_not_signed_in_is_left_to_airflow_and_nothing_is_said(
    signed_in: Answering, passed: list[Any], version: ModelPackageArn
) -> None:
    signed_in(None).patch(route(version), json=answer())
    assert passed == [answer()]
    sync()
    assert stage_table().state(version).decisions == ()


def test_an_answer_to_what_was_answered_before_is_left_to_airflow(
    signed_in: Answering, passed: list[Any], opened: dict[str, Any], version: ModelPackageArn
) -> None:
    opened["response_received"] = True
    signed_in("model-owner").patch(route(version), json=answer())
    assert passed == [answer()]
    sync()
    assert stage_table().state(version).decisions == ()


def test_who_is_not_asked_says_nothing_though_the_guard_would_take_it(
    signed_in: Answering, passed: list[Any], opened: dict[str, Any], version: ModelPackageArn
) -> None:
    opened["assigned_users"] = [{"id": "somebody", "name": "somebody"}]
    signed_in("model-owner").patch(route(version), json=answer())
    assert passed == [answer()], "Airflow refuses it"
    sync()
    assert stage_table().state(version).decisions == ()


@pytest.mark.parametrize("index", ["-1.0", "0", "%20-1"])
def test_only_the_route_of_the_task_itself_says_a_word(
    signed_in: Answering, passed: list[Any], version: ModelPackageArn, index: str
) -> None:
    signed_in("model-owner").patch(route(version).replace("/-1/", f"/{index}/"), json=answer())
    sync()
    assert stage_table().state(version).decisions == ()


def test_an_answer_while_aws_is_down_is_a_502_and_not_stored(
    signed_in: Answering,
    passed: list[Any],
    version: ModelPackageArn,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from causeway_airflow.hooks.base import AwsTransientError
    from causeway_airflow.hooks.stage_table import StageTableHook

    def down(self: Any, version: Any) -> Any:
        raise AwsTransientError("no answer", code="EndpointConnectionError")

    monkeypatch.setattr(StageTableHook, "state", down)
    reply = signed_in("model-owner").patch(route(version), json=answer())
    assert reply.status_code == 502
    assert passed == []


def test_whose_role_may_not_answer_is_left_to_airflow_and_nothing_is_said(
    signed_in: Answering, passed: list[Any], version: ModelPackageArn
) -> None:
    signed_in("auditor").patch(route(version), json=answer())
    assert passed == [answer()]


def test_an_answer_for_a_run_by_hand_is_left_to_airflow(
    signed_in: Answering, passed: list[Any]
) -> None:
    by_hand = f"{RUNS}/manual__1/taskInstances/approval_for_test/-1/hitlDetails"
    signed_in("model-owner").patch(by_hand, json=answer())
    assert passed == [answer()]


def test_other_requests_pass_untouched(
    signed_in: Answering, passed: list[Any], version: ModelPackageArn
) -> None:
    client = signed_in("ml-engineer")
    assert client.get(route(version)).json()["response_received"] is False
    other = f"{RUNS}/r/taskInstances/another_task/-1/hitlDetails"
    assert client.patch(other, json={"chosen_options": ["x"]}).status_code == 200
    assert passed == [{"chosen_options": ["x"]}]
