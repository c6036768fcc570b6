"""The lineage pages and routes, on records of a small platform."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from causeway.lineage.records import GroupDefined
from tests.causeway.lineage.world import PEOPLE, arn_of, day, endpoint_arn, records
from tests.local_platform import LocalPlatform

pytestmark = pytest.mark.usefixtures("own_lineage")

MARKUP = "<script>alert('x')</script>"
ENDPOINT, V1, V2 = endpoint_arn("credit-risk"), arn_of("credit-risk", 1), arn_of("credit-risk", 2)


def write(*more: GroupDefined) -> None:
    from causeway_airflow.hooks.lineage import LineageHook

    world = [*records(), *more]
    held = LineageHook("causeway_governance_table_reader").digests(world)
    new = [record for record in world if held.get(record.key) != record.digest]
    LineageHook("causeway_governance_lineage_keeper").record(new)


@pytest.fixture
def pages(platform: LocalPlatform) -> Iterator[TestClient]:
    """The application, as somebody who is signed in sees it."""
    from causeway_airflow.pages import acting
    from causeway_airflow.pages.application import create
    from causeway_airflow.pages.lineage import router
    from causeway_airflow.pages.lineage_answers import router as answers
    from causeway_airflow.tasks import lineage_index

    acting._hooks.clear()
    lineage_index._index = lineage_index.Index()
    write()
    application = create()
    for guard in (*router.dependencies, *answers.dependencies):
        application.dependency_overrides[guard.dependency] = lambda: None
    with TestClient(application) as client:
        yield client
    acting._hooks.clear()


def names(reply) -> list[str]:
    assert reply.status_code == 200, reply.text
    return [thing["name"] for thing in reply.json()["things"]]


def test_every_question_has_a_route(pages: TestClient) -> None:
    def asked(question: str, **params: object):
        return pages.get(f"/lineage/api/{question}", params=params)

    assert "people" in names(asked("feature-groups", source="s3://landing/2026/"))
    assert names(asked("sources", feature_group=PEOPLE)) == ["people-1.csv", "people-2.csv"]
    assert names(asked("models", uses=f"{PEOPLE}#income")) == ["credit_risk", "fraud"]
    made_of = asked("features", model=V1).json()
    assert [t["name"] for t in made_of["features"]["things"]] == ["loans.amount", "people.age"]
    rows = asked("whole", thing=V1, form="rows").json()["rows"]
    assert {"Name/Source", "Association", "Name/Destination"} <= set(rows[0])
    behind = asked("endpoint", endpoint=ENDPOINT).json()
    assert V2 in [thing["id"] for thing in behind["things"]]
    then = asked("endpoint", endpoint=ENDPOINT, at=day(7)).json()
    assert V1 in [thing["id"] for thing in then["things"]]
    live = asked("live-endpoints", thing=f"{PEOPLE}#income").json()
    assert [use["endpoint"]["name"] for use in live["live_endpoints"]] == ["credit-risk", "shadow"]
    made = asked("prediction", endpoint=ENDPOINT, at=day(7)).json()
    assert made["version"]["id"] == V1 and made["decisions"][0]["person"] == "officer"
    unlike = asked("differences", first=V1, second=V2).json()
    assert unlike["values"]["parameters.depth"] == ["3", "4"]
    assert "fraud/1" in names(asked("dependents", thing=f"{PEOPLE}#income"))
    assert "people.income" in names(asked("things", text="income"))


def test_what_is_not_there_or_is_asked_wrongly_is_said(pages: TestClient) -> None:
    api = "/lineage/api"
    missing = pages.get(f"{api}/sources", params={"feature_group": "nobody"})
    assert (missing.status_code, "knows no feature group" in missing.text) == (404, True)
    several = pages.get(f"{api}/endpoint", params={"endpoint": "credit-risk"})
    assert (several.status_code, "go by the name" in several.text) == (400, True)
    wrong = pages.get(f"{api}/prediction", params={"endpoint": ENDPOINT, "at": "soon"})
    assert (wrong.status_code, "at: " in wrong.text) == (400, True)
    page = pages.get("/lineage/thing", params={"thing": "nobody"})
    assert page.status_code == 404 and "the lineage knows no thing" in page.text
    assert page.headers["content-type"].startswith("text/html")


def test_a_search_leads_to_a_thing_with_its_picture_and_answers(pages: TestClient) -> None:
    overview = pages.get("/lineage/").text
    assert ">credit_risk</a>" in overview and ">people</a>" in overview
    found = pages.get("/lineage/", params={"text": "fraud"}).text
    (address,) = re.findall(r'href="(/lineage/thing\?thing=[^"]+)">fraud<', found)
    page = pages.get(address).text
    assert "<svg" in page and ">people</a>" in page
    assert "live in account 666666666666" in page


def test_an_endpoint_says_what_answered_when(pages: TestClient) -> None:
    page = pages.get("/lineage/thing", params={"thing": ENDPOINT, "at": day(7)}).text
    part = page.split("What made a prediction")[1].split("What it served")[0]
    assert ">credit-risk/1</a>" in part and "approved production by officer" in part
    served = page.split("What it served")[1]
    assert served.index("credit-risk/2 from") < served.index("credit-risk/1 from")
    never = pages.get("/lineage/thing", params={"thing": ENDPOINT, "at": day(1)}).text
    assert "serves nothing at" in never


def test_two_versions_are_compared(pages: TestClient) -> None:
    page = pages.get("/lineage/thing", params={"thing": V1, "other": V2}).text
    assert "parameters.depth" in page and ">people.income</a>" in page
    assert (
        "the lineage knows no"
        in pages.get("/lineage/thing", params={"thing": V1, "other": "nobody/7"}).text
    )


def test_names_are_escaped_and_nothing_foreign_is_loaded(pages: TestClient) -> None:
    arn = "arn:aws:sagemaker:eu-central-1:111111111111:feature-group/odd"
    write(GroupDefined(arn, MARKUP, MARKUP, (MARKUP, "plain")))
    reply = pages.get("/lineage/thing", params={"thing": arn, "features": True})
    assert MARKUP not in reply.text and "&lt;script&gt;" in reply.text
    policy = reply.headers["content-security-policy"]
    assert "default-src 'none'" in policy and "script-src 'self'" in policy
    assert "style=" not in reply.text and "onclick" not in reply.text
    picture = pages.get("/lineage/picture.svg", params={"thing": arn, "features": True})
    assert MARKUP not in picture.text
    assert picture.headers["content-disposition"].startswith("attachment")


def test_the_picture_is_a_file_in_each_form(pages: TestClient) -> None:
    svg = pages.get("/lineage/picture.svg", params={"thing": V1})
    root = ElementTree.fromstring(svg.text.strip())
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    mermaid = pages.get("/lineage/picture.mmd", params={"thing": V1}).text
    assert mermaid.startswith("flowchart LR\n") and "model version: credit-risk/1" in mermaid
    whole = pages.get("/lineage/whole.json", params={"thing": V1}).json()
    assert V1 in [thing["id"] for thing in whole["things"]] and whole["edges"]


def test_what_is_written_is_in_the_next_answer_at_the_cost_of_one_call(
    pages: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    from causeway_airflow.hooks.lineage import LineageHook

    calls: list[str] = []
    plain = LineageHook.call

    def call(hook: LineageHook, operation: str, **params: object) -> object:
        calls.append(operation)
        return plain(hook, operation, **params)

    assert pages.get("/lineage/").status_code == 200
    monkeypatch.setattr(LineageHook, "call", call)
    pages.get("/lineage/")
    assert calls == ["batch_get_item"]
    monkeypatch.undo()
    arn = "arn:aws:sagemaker:eu-central-1:111111111111:feature-group/written-just-now"
    write(GroupDefined(arn, "case", "owner", ("a",)))
    assert pages.get("/lineage/thing", params={"thing": arn}).status_code == 200
