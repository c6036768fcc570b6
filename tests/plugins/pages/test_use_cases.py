"""The pages of use cases: what they show, what is offered to whom, and what becomes of a word."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace

import pytest
from fastapi.testclient import TestClient

from causeway.topology.accounts import load_topology
from stack import settings
from tests.local_platform import LocalPlatform
from tests.plugins.candidates import sync
from tests.plugins.use_case_people import CASE, forget, last_word, read, record, table

HEADERS = {"X-Causeway": "word", "Origin": "http://testserver"}
PAGES = "/governance/use-cases"
MARKUP = "<script>alert('x')</script>"
AsUser = Callable[[str], TestClient]


@pytest.fixture
def signed_in(shared: LocalPlatform, monkeypatch: pytest.MonkeyPatch) -> Iterator[AsUser]:
    """The application of the API server, which has the door's key, as a user sees it."""
    from airflow.api_fastapi.core_api.security import get_user

    from causeway_airflow.pages import acting, deciding, use_cases
    from causeway_airflow.pages.application import create

    forget(shared)
    for name, value in settings.api_server(load_topology()).items():
        monkeypatch.setenv(name, value)
    acting._hooks.clear()
    application = create()
    for guard in use_cases.router.dependencies:
        application.dependency_overrides[guard.dependency] = lambda: None
    allows = SimpleNamespace(is_authorized_dag=lambda **about: True)
    monkeypatch.setattr(deciding, "get_auth_manager", lambda: allows)
    with TestClient(application) as client:

        def as_user(name: str) -> TestClient:
            user = SimpleNamespace(get_name=lambda: name, get_id=lambda: name)
            application.dependency_overrides[get_user] = lambda: user
            return client

        yield as_user
    acting._hooks.clear()
    forget(shared)


def words(digest: str | None = None) -> str:
    return f"{PAGES}/{CASE}/records/{digest or read().digest}/words"


def word(target: str = "development", verdict: str = "approved", reason: str = "fine: § 3") -> dict:
    return {"target": target, "verdict": verdict, "reason": reason}


def test_use_cases_are_listed_by_stage_and_those_without_a_record_say_so(
    signed_in: AsUser,
) -> None:
    client = signed_in("auditor")
    assert client.get(f"{PAGES}/").text.count("not recorded") == 2
    assert "It is not recorded" in client.get(f"{PAGES}/{CASE}").text
    record(mitigation=MARKUP)
    listed, shown = client.get(f"{PAGES}/").text, client.get(f"{PAGES}/{CASE}").text
    assert listed.count("not recorded") == 1 and ">poc</span>" in listed
    assert read().digest in shown and "ml-engineer" in shown
    assert MARKUP not in shown and "&lt;script&gt;" in shown
    assert client.get(f"{PAGES}/nothing").status_code == 404


def test_words_on_the_page_are_the_persons_calls_and_move_the_use_case(signed_in: AsUser) -> None:
    record()
    for person in ("governance-officer", "risk-officer"):
        client = signed_in(person)
        assert ">Approve for development</button>" in client.get(f"{PAGES}/{CASE}").text
        said = client.post(words(), json=word(), headers=HEADERS)
        assert said.json() == {"person": person, "verdict": "approved", "target": "development"}
        sync()
    assert read().stage == "development" and read().reason == "fine: § 3"
    assert last_word().word.role == "arn:aws:iam::333333333333:role/causeway-production-approver"
    page = client.get(f"{PAGES}/{CASE}").text
    assert ">Send back to poc</button>" in page and "advanced" in page
    assert client.post(words(), json=word("poc", "rejected"), headers=HEADERS).status_code == 200
    sync()
    assert read().stage == "poc"


@pytest.mark.parametrize(
    ("user", "reason"),
    [
        ("ml-engineer", "ml-engineer may not decide on it"),
        ("auditor", "has the identity"),
    ],
)
def test_who_may_not_decide_sees_why_and_says_nothing(
    signed_in: AsUser, user: str, reason: str
) -> None:
    record()
    client = signed_in(user)
    page = client.get(f"{PAGES}/{CASE}").text
    assert reason in page and "<button" not in page
    assert client.post(words(), json=word(), headers=HEADERS).status_code == 403
    sync()
    assert all(each.word.record != read().digest for each in table().judged_words(CASE))


def test_a_word_is_on_the_record_that_the_person_looked_at(signed_in: AsUser) -> None:
    record()
    looked_at = read().digest
    record(oversight="nobody")
    client = signed_in("risk-officer")
    refused = client.post(words(looked_at), json=word(), headers=HEADERS)
    assert refused.status_code == 403
    assert "changed since the page was loaded" in refused.json()["detail"]
    refused = client.post(words(), json=word("qa"), headers=HEADERS)
    assert "it is in poc" in refused.json()["detail"]
    for headers in ({}, HEADERS | {"Origin": "http://elsewhere"}):
        assert client.post(words(), json=word(), headers=headers).status_code == 403
    sync()
    assert all(each.word.record != read().digest for each in table().judged_words(CASE))
