"""Deciding on the page of a version: what whoever is signed in may say, and saying it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Literal

from airflow.api_fastapi.app import get_auth_manager
from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.auth.managers.models.resource_details import DagAccessEntity, DagDetails
from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_asset
from fastapi import APIRouter, Depends, Header, HTTPException, Request
from pydantic import BaseModel, ConfigDict, Field

from causeway.errors import ApprovalRefused
from causeway.governance.approvals import entitled
from causeway.governance.board import VersionView
from causeway.governance.gestures import DECIDABLE, Verdict
from causeway.governance.table import PromotionStatus
from causeway.versions.stages import Stage
from causeway_airflow.configuration import topology
from causeway_airflow.pages.acting import hook
from causeway_airflow.promotion_runs import promotion_dag_id
from causeway_airflow.tasks import boards
from causeway_airflow.tasks.words import REASON_LENGTH, Word, foresee, in_short, say

log = logging.getLogger(__name__)

router = APIRouter(prefix="/governance", dependencies=[Depends(requires_access_asset("GET"))])


@dataclass(frozen=True)
class Choice:
    """Something that could be said of a version, and why the guard would refuse it."""

    label: str
    target: Stage
    verdict: Verdict
    refusal: str


def choices(user: str, view: VersionView) -> list[Choice]:
    """Return what can be said of a version now, with the guard's verdict on this user's word."""
    if not topology().airflow.door:
        return []
    wait = view.row.wait(view.model)
    if wait is not None:
        said = [
            (f"Approve for {wait.target.value}", wait.target, Verdict.APPROVED),
            (f"Reject for {wait.target.value}", wait.target, Verdict.REJECTED),
        ]
    elif _goes_on(view):
        said = [("Stop", _stage_of(user, view), Verdict.REJECTED)]
    else:
        return []
    return [
        Choice(label, target, verdict, _refusal(user, view, target, verdict))
        for label, target, verdict in said
    ]


def _goes_on(view: VersionView) -> bool:
    """Tell whether there is something to stop: a promotion that is open, or a live version."""
    promotion = view.promotion
    stopped = promotion and any(stop.attempt == promotion.attempt for stop in view.revocations)
    going = promotion is not None and (
        promotion.status.is_open or promotion.status is PromotionStatus.DEPLOYED
    )
    return going and not stopped


def _stage_of(user: str, view: VersionView) -> Stage:
    """Return the stage that the user decides on: whoever decides on one may stop the version."""
    person = topology().person_of_airflow_user(user)
    theirs = [stage for stage in DECIDABLE if person in entitled(view.model, stage)]
    return theirs[0] if theirs else Stage.TEST


def _refusal(user: str, view: VersionView, target: Stage, verdict: Verdict) -> str:
    try:
        foresee(hook, Word(user, view.model, view.row.version, target, verdict))
    except ApprovalRefused as refused:
        return in_short(refused)
    return ""


class Said(BaseModel):
    """What the page sends."""

    model_config = ConfigDict(extra="forbid")

    target: Literal["test", "production"]
    verdict: Literal["approved", "rejected"]
    reason: str = Field(max_length=REASON_LENGTH)


@router.post("/models/{name}/versions/{number}/words")
def speak(
    request: Request,
    name: str,
    number: int,
    said: Said,
    user: GetUserDep,
    x_causeway: str = Header(""),
) -> dict[str, Any]:
    """Say a word on a version as whoever is signed in; what the guard refuses is not said."""
    require_own_page(request, x_causeway)
    view = boards.version_view(hook, name, number)
    if view is None:
        raise HTTPException(404, f"Nothing is recorded of version {number} of {name}.")
    if not may_answer(user, name):
        raise HTTPException(403, "Your role in Airflow may not answer requests.")
    word = Word(
        user.get_name(),
        view.model,
        view.row.version,
        Stage(said.target),
        Verdict(said.verdict),
        said.reason,
    )
    try:
        person = say(hook, word)
    except ApprovalRefused as error:
        log.warning("refused on the page: %s", error)
        raise HTTPException(403, in_short(error)) from error
    log.info("%s said %s for %s of %s", person, said.verdict, said.target, word.version)
    return {"person": person, "verdict": said.verdict, "target": said.target}


def may_answer(user: BaseUser, model: str) -> bool:
    """Tell whether the user's role in Airflow may answer requests of a model's promotions."""
    return get_auth_manager().is_authorized_dag(
        method="PUT",
        access_entity=DagAccessEntity.HITL_DETAIL,
        details=DagDetails(id=promotion_dag_id(model)),
        user=user,
    )


def require_own_page(request: Request, header: str) -> None:
    """Refuse what another site had a browser send: it can set neither this header nor its origin.

    A request with a header of its own is asked for by CORS first, which nobody answers.
    """
    origin = request.headers.get("origin")
    own = origin is None or origin.split("://")[-1] == request.headers.get("host")
    if header != "word" or not own:
        raise HTTPException(403, "A word is said on the page of what it is about.")
