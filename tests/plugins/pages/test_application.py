"""The plugin's routes: closed to whoever is not signed in, JSON for who is."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute
from fastapi.testclient import TestClient

from tests.local_platform import LocalPlatform


@pytest.fixture
def application() -> Iterator[Any]:
    from causeway_airflow.pages.application import create

    return create()


def guards(route: APIRoute) -> set[str]:
    return {f"{one.call.__module__}" for one in route.dependant.dependencies if one.call}


def test_every_route_asks_who_is_there(application: Any) -> None:
    from airflow.api_fastapi.core_api import security

    routes = [one for one in application.routes if isinstance(one, APIRoute)]
    assert routes
    for route in routes:
        assert security.__name__ in guards(route), route.path


def test_a_question_is_answered_in_json(shared: LocalPlatform, application: Any) -> None:
    from causeway_airflow.pages.application import router

    for one in router.dependencies:
        application.dependency_overrides[one.dependency] = lambda: None
    client = TestClient(application)
    reply = client.get("/api/feature-groups", params={"text": "landline"})
    (hit,) = reply.json()["feature_groups"]
    assert (hit["name"], hit["access_text"]) == ("credit-risk-applicant", "shared")
    assert hit["consumers"] == ["222222222222"] and hit["owner"] and hit["updated"]
    wrong = client.get("/api/feature-groups", params={"account_role": "moon"})
    assert (wrong.status_code, "Use one of: data_science" in wrong.json()["detail"]) == (400, True)
    assert client.get("/api/feature-groups", params={"type": "Blob"}).status_code == 422
