"""The lineage pages: a search, and for each thing a picture with the answers about it.

Rendered on the server, like the governance pages, and with the same headers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

from airflow.api_fastapi.core_api.security import requires_access_asset
from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response

from causeway.errors import CausewayError
from causeway.lineage.picture import BOX_HEIGHT, BOX_WIDTH, Picture, around
from causeway.lineage.questions import Lineage, NotInLineage
from causeway.lineage.things import Kind, Thing
from causeway_airflow.configuration import topology
from causeway_airflow.pages.governance import HEADERS, TEMPLATES
from causeway_airflow.pages.lineage_answers import LONGEST, known, time_of

#: Feature groups and models are assets: whoever may see these may see what came of what.
router = APIRouter(prefix="/lineage", dependencies=[Depends(requires_access_asset("GET"))])

#: How many things a list shows; how many there are is said, and the JSON has them all.
SHOWN: Final = 100
#: What is known of a thing and shown elsewhere on its page, or is too long for it.
ELSEWHERE: Final = ("query", "parameters", "metrics", "link")


def _page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    root = str(request.scope.get("root_path", ""))
    text = TEMPLATES.get_template(template).render(
        root=f"{root}/governance",
        here=f"{root}/lineage",
        airflow=root.removesuffix("/causeway"),
        local=topology().local,
        box={"width": BOX_WIDTH, "height": BOX_HEIGHT},
        **values,
    )
    return HTMLResponse(text, status_code=status, headers=HEADERS)


@router.get("/")
def overview(request: Request, text: str = Query("", max_length=200)) -> HTMLResponse:
    """Show what a search finds, or the models, endpoints and feature groups."""
    lineage = known()
    if text:
        hits = lineage.search(text)
    else:
        kinds = (Kind.MODEL, Kind.ENDPOINT, Kind.GROUP, Kind.SOURCE)
        hits = [thing for kind in kinds for thing in lineage.graph.all_of(kind)]
    return _page(
        request,
        "lineage.html",
        text=text,
        hits=hits[:SHOWN],
        count=len(hits),
        things=len(lineage.graph),
        edges=lineage.graph.edge_count,
    )


@router.get("/thing")
def thing(
    request: Request,
    thing: str = Query(max_length=LONGEST),
    features: bool = False,
    at: str = Query("", max_length=40),
    other: str = Query("", max_length=LONGEST),
) -> HTMLResponse:
    """Show a thing: a picture of what is around it, and the answers about it.

    `at` asks of an endpoint what answered then; `other` asks of a version in what it differs from
    another one.
    """
    lineage = known()
    subject = lineage.thing(thing)
    return _page(
        request,
        "lineage_thing.html",
        thing=subject,
        picture=around(lineage, subject, details=features),
        features=features,
        facts={k: v for k, v in subject.facts.items() if v and k not in ELSEWHERE},
        answers=[(title, *_part(things)) for title, things in _answers(lineage, subject)],
        live=lineage.live_endpoints(subject.id),
        dependents=Counter(each.kind.value for each in lineage.dependents(subject.id)),
        deployments=_deployments(lineage, subject),
        at=at,
        made=_asked(lambda: lineage.produced(subject.id, time_of(at))) if at else None,  # type: ignore[arg-type]  # a text that is there is a time
        other=other,
        unlike=_asked(lambda: lineage.differences(subject.id, other)) if other else None,
        is_endpoint=subject.kind is Kind.ENDPOINT,
        is_version=subject.kind is Kind.VERSION,
    )


@router.get("/picture.svg")
def svg(thing: str = Query(max_length=LONGEST), features: bool = False) -> Response:
    """Return the picture around a thing as a file of its own."""
    picture = _picture(thing, features)
    text = TEMPLATES.get_template("lineage_picture.svg").render(
        picture=picture, box={"width": BOX_WIDTH, "height": BOX_HEIGHT}
    )
    headers = {**HEADERS, "Content-Disposition": 'attachment; filename="lineage.svg"'}
    return Response(text, media_type="image/svg+xml", headers=headers)


@router.get("/picture.mmd")
def mermaid(thing: str = Query(max_length=LONGEST), features: bool = False) -> Response:
    """Return the picture around a thing as Mermaid."""
    headers = {**HEADERS, "Content-Disposition": 'attachment; filename="lineage.mmd"'}
    return PlainTextResponse(_picture(thing, features).mermaid(), headers=headers)


@router.get("/whole.json")
def whole(thing: str = Query(max_length=LONGEST)) -> Response:
    """Return all that a thing came of and all that came of it, as a file."""
    headers = {**HEADERS, "Content-Disposition": 'attachment; filename="lineage.json"'}
    return JSONResponse(known().whole(thing).document(), headers=headers)


def failed(request: Request, error: Exception, status: int) -> HTMLResponse:
    """Show why there is no answer, and what to do about it."""
    return _page(request, "lineage_failed.html", status=status, text=str(error))


def _picture(text: str, features: bool) -> Picture:
    lineage = known()
    return around(lineage, lineage.thing(text), details=features)


def _answers(lineage: Lineage, thing: Thing) -> Iterable[tuple[str, list[Thing]]]:
    """Yield the questions that are asked of a kind of thing, each with its whole answer."""
    match thing.kind:
        case Kind.SOURCE | Kind.FILE:
            yield "Feature groups that hold its data", lineage.feature_groups_of(thing.id)
        case Kind.GROUP:
            yield "Where its data came from", lineage.sources_of(thing.id)
            yield "Models trained on it", lineage.models_using(thing.id)
        case Kind.FEATURE:
            yield "Models trained on it", lineage.models_using(thing.id)
            yield "Versions trained on it", lineage.versions_using(thing.id)
        case Kind.MODEL | Kind.VERSION | Kind.ARTIFACT:
            yield "Feature groups", lineage.feature_groups_in(thing.id)
            yield "Features", lineage.features_in(thing.id)
        case Kind.ENDPOINT:
            try:
                behind = lineage.behind(thing.id)
            except NotInLineage:
                return
            for kind in (Kind.VERSION, Kind.DECISION, Kind.DATASET, Kind.GROUP, Kind.SOURCE):
                yield f"Depends on: {kind.value}", list(behind.of_kind(kind))


def _deployments(lineage: Lineage, thing: Thing) -> list[Thing]:
    """Return what an endpoint served when, the latest first."""
    if thing.kind is not Kind.ENDPOINT:
        return []
    deployments = lineage.whole(thing.id).of_kind(Kind.DEPLOYMENT)
    return sorted(deployments, key=lambda each: str(each.facts["since"]), reverse=True)


def _part(things: list[Thing]) -> tuple[list[Thing], int]:
    return things[:SHOWN], len(things)


def _asked(question: Any) -> Any:
    """Return an answer, or the words that say why there is none."""
    try:
        return question()
    except CausewayError as error:
        return str(error)
