"""Answers in Required Actions: what is said before Airflow has them, and what never reaches it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from fastapi import FastAPI, Request
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
def signed_in(
    shared: LocalPlatform, monkeypatch: pytest.MonkeyPatch, passed: list[Any]
) -> Iterator[Answering]:
    """The middleware before an application that notes what it gets, as somebody or as nobody."""
    from airflow.api_fastapi.core_api import security
    from fastapi import HTTPException

    from causeway_airflow.pages import acting, deciding
    from causeway_airflow.pages.answers import AnswerMiddleware

    for name, value in settings.door(load_topology()).items():
        monkeypatch.setenv(name, value)
    acting._hooks.clear()
    application = FastAPI()

    @application.api_route("/{path:path}", methods=["GET", "PATCH"])
    async def note(request: Request) -> dict[str, str]:
        body = await request.body()
        passed.append(json.loads(body) if body else None)
        return {"by": "airflow"}

    def as_user(name: str | None) -> TestClient:
        async def get_user(*_: Any) -> Any:
            if name is None:
                raise HTTPException(401)
            return SimpleNamespace(get_name=lambda: name)

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
    ],
)
def test_an_answer_that_says_nothing_clear_is_refused(
    signed_in: Answering, passed: list[Any], version: ModelPackageArn, body: Any
) -> None:
    assert signed_in("model-owner").patch(route(version), json=body).status_code == 400
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
    assert client.get(route(version)).status_code == 200
    other = f"{RUNS}/r/taskInstances/another_task/-1/hitlDetails"
    assert client.patch(other, json={"chosen_options": ["x"]}).status_code == 200
    assert passed == [None, {"chosen_options": ["x"]}]
