"""The questions of the lineage as REST routes: JSON, complete, below `/causeway/lineage/api`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

from airflow.api_fastapi.core_api.security import requires_access_asset
from fastapi import APIRouter, Depends, Query

from causeway.errors import BadInput
from causeway.instants import parse_instant
from causeway.lineage.questions import Lineage
from causeway.lineage.tables import group_rows, lineage_rows, model_rows, source_rows
from causeway.lineage.things import Kind, Thing
from causeway_airflow.pages.acting import hook
from causeway_airflow.tasks import lineage_index

#: Feature groups and models are assets: whoever may see these may see what came of what.
router = APIRouter(prefix="/lineage/api", dependencies=[Depends(requires_access_asset("GET"))])

LONGEST = 2048
Form = Literal["things", "rows"]


def known() -> Lineage:
    """Return the lineage as it is now."""
    return lineage_index.lineage(hook)


def time_of(text: str) -> datetime | None:
    """Read a time that is asked about; none is now.

    Raises:
        BadInput: it is no time.
    """
    if not text:
        return None
    try:
        return parse_instant(text)
    except ValueError as error:
        raise BadInput(
            f"at: {error}", next_step="Give a time such as 2026-01-31T12:00Z."
        ) from error


def listed(things: Iterable[Thing]) -> dict[str, Any]:
    """Return things as JSON values."""
    documents = [thing.document() for thing in things]
    return {"count": len(documents), "things": documents}


@router.get("/things")
def things(text: str = Query(min_length=1, max_length=LONGEST)) -> dict[str, Any]:
    """Return the things with a text in their name or id."""
    return listed(known().search(text))


@router.get("/feature-groups")
def feature_groups(
    source: str = Query(max_length=LONGEST), form: Form = "things"
) -> dict[str, Any]:
    """Return the feature groups that hold data of a source: its ARN, address or a prefix."""
    groups = known().feature_groups_of(source)
    return {"rows": group_rows(groups)} if form == "rows" else listed(groups)


@router.get("/sources")
def sources(
    feature_group: str = Query(max_length=LONGEST),
    depth: int | None = Query(None, ge=0),
    form: Form = "things",
) -> dict[str, Any]:
    """Return where the data of a feature group came from."""
    origins = known().sources_of(feature_group, depth)
    return {"rows": source_rows(origins)} if form == "rows" else listed(origins)


@router.get("/models")
def models(uses: str = Query(max_length=LONGEST), form: Form = "things") -> dict[str, Any]:
    """Return the models of which a version was trained on a feature group, or a feature."""
    lineage = known()
    if form == "rows":
        thing = lineage.thing(uses, Kind.GROUP, Kind.FEATURE)
        return {"rows": model_rows(lineage.whole(thing.id))}
    return listed(lineage.models_using(uses)) | {
        "versions": [version.document() for version in lineage.versions_using(uses)]
    }


@router.get("/features")
def features(model: str = Query(max_length=LONGEST)) -> dict[str, Any]:
    """Return the feature groups and features that a version, or a model, was trained on."""
    lineage = known()
    return {
        "feature_groups": listed(lineage.feature_groups_in(model)),
        "features": listed(lineage.features_in(model)),
    }


@router.get("/whole")
def whole(thing: str = Query(max_length=LONGEST), form: Form = "things") -> dict[str, Any]:
    """Return all that a thing came of and all that came of it, as a graph or as rows."""
    part = known().whole(thing)
    return {"rows": lineage_rows(part)} if form == "rows" else part.document()


@router.get("/endpoint")
def endpoint(
    endpoint: str = Query(max_length=LONGEST), at: str = Query("", max_length=40)
) -> dict[str, Any]:
    """Return what an endpoint depends on, now or at a time."""
    return known().behind(endpoint, time_of(at)).document()


@router.get("/dependents")
def dependents(thing: str = Query(max_length=LONGEST)) -> dict[str, Any]:
    """Return everything that depends on a thing."""
    return listed(known().dependents(thing))


@router.get("/live-endpoints")
def live_endpoints(thing: str = Query(max_length=LONGEST)) -> dict[str, Any]:
    """Return the endpoints that break when a thing goes."""
    uses = known().live_endpoints(thing)
    return {
        "count": len(uses),
        "live_endpoints": [
            {"endpoint": use.endpoint.document(), "version": use.version, "since": use.since}
            for use in uses
        ],
    }


@router.get("/prediction")
def prediction(
    endpoint: str = Query(max_length=LONGEST), at: str = Query(max_length=40)
) -> dict[str, Any]:
    """Return what a prediction came of: version, decisions, and all behind them."""
    time = time_of(at)
    if time is None:
        raise BadInput("at: when was it made?", next_step="Give its time.")
    made = known().produced(endpoint, time)
    return {
        "deployment": made.deployment.document(),
        "version": made.version.document() if made.version else None,
        "decisions": [decision.document() for decision in made.decisions],
        "came_of": made.came_of.document(),
    }


@router.get("/differences")
def differences(
    first: str = Query(max_length=LONGEST), second: str = Query(max_length=LONGEST)
) -> dict[str, Any]:
    """Return in what two versions differ."""
    unlike = known().differences(first, second)
    return {
        "first": unlike.first.id,
        "second": unlike.second.id,
        "things": {
            kind.value: [[thing.document() for thing in side] for side in sides]
            for kind, sides in unlike.things.items()
        },
        "values": {name: list(pair) for name, pair in unlike.values.items()},
    }
