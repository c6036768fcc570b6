"""The pages of use cases: in which stage each is, how it came there, and deciding on it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Final, Literal

from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_asset
from fastapi import APIRouter, Depends, Header, HTTPException, Request
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, ConfigDict, Field

from causeway.errors import ApprovalRefused
from causeway.governance.gestures import Verdict
from causeway.governance.use_case_words import REASON_LENGTH
from causeway.use_cases.stages import UseCaseStage
from causeway_airflow.configuration import topology
from causeway_airflow.pages.acting import hook
from causeway_airflow.pages.deciding import may_answer, require_own_page
from causeway_airflow.pages.governance import missing, page
from causeway_airflow.tasks import use_case_views
from causeway_airflow.tasks.use_case_views import UseCaseView

log = logging.getLogger(__name__)

router = APIRouter(
    prefix="/governance/use-cases", dependencies=[Depends(requires_access_asset("GET"))]
)
#: What the page sends of a stage; a word on it may be longer by what tags cannot hold.
StageWord = Literal["poc", "development", "qa", "pre-production", "production", "retired"]
#: Characters that tags do not take become several, so that a shorter reason always fits.
SHORTER: Final = REASON_LENGTH - 56


@dataclass(frozen=True)
class UseCaseChoice:
    """Something that could be said of a use case, and why the guard would refuse it."""

    label: str
    stage: UseCaseStage
    verdict: Verdict
    refusal: str


def choices(user: str, view: UseCaseView) -> list[UseCaseChoice]:
    """Return what can be said of a use case now, with the guard's verdict on this user's word."""
    record = view.record
    if not topology().airflow.door or view.case is None or record is None:
        return []
    after = record.stage.next
    if after is None:
        return []
    said = [(f"Approve for {after.value}", after, Verdict.APPROVED)]
    if after is not UseCaseStage.RETIRED:
        said.append(("Retire", UseCaseStage.RETIRED, Verdict.APPROVED))
    said += [
        (f"Send back to {stage.value}", stage, Verdict.REJECTED)
        for stage in UseCaseStage
        if stage.rank < record.stage.rank
    ]
    return [
        UseCaseChoice(label, stage, verdict, _refusal(user, view, stage, verdict))
        for label, stage, verdict in said
    ]


def _refusal(user: str, view: UseCaseView, stage: UseCaseStage, verdict: Verdict) -> str:
    try:
        use_case_views.foresee(user, view, stage, verdict)
    except ApprovalRefused as refused:
        return _in_short(refused)
    return ""


def _in_short(refused: ApprovalRefused) -> str:
    reason = refused.what.partition(": ")[2] or refused.what
    return f"{reason}. {refused.next_step}" if refused.next_step else reason


@router.get("/")
def use_cases(request: Request) -> HTMLResponse:
    """Show every use case by its stage."""
    return page(request, "use_cases.html", lines=use_case_views.use_case_lines(hook))


@router.get("/{use_case_id}")
def use_case(request: Request, use_case_id: str, user: GetUserDep) -> HTMLResponse:
    """Show one use case: its record, who decided what and why, and what may be said of it."""
    view = use_case_views.use_case_view(hook, use_case_id)
    if view is None:
        return missing(request, f"There is no use case {use_case_id}.")
    return page(
        request,
        "use_case.html",
        view=view,
        choices=choices(user.get_name(), view),
        user=user.get_name(),
        reason_length=SHORTER,
    )


class SaidOfUseCase(BaseModel):
    """What the page sends."""

    model_config = ConfigDict(extra="forbid")

    target: StageWord
    verdict: Literal["approved", "rejected"]
    reason: str = Field(max_length=REASON_LENGTH)


@router.post("/{use_case_id}/records/{digest}/words")
def speak(
    request: Request,
    use_case_id: str,
    digest: str,
    said: SaidOfUseCase,
    user: GetUserDep,
    x_causeway: str = Header(""),
) -> dict[str, Any]:
    """Say a word on a use case as whoever is signed in; what the guard refuses is not said."""
    require_own_page(request, x_causeway)
    view = use_case_views.use_case_view(hook, use_case_id)
    if view is None or view.case is None or view.record is None:
        raise HTTPException(404, f"Nothing is recorded of use case {use_case_id}.")
    if not may_answer(user, view.case.models[0].name):
        raise HTTPException(403, "Your role in Airflow may not answer requests.")
    stage, verdict = UseCaseStage(said.target), Verdict(said.verdict)
    try:
        person = use_case_views.say(
            hook, user.get_name(), use_case_id, digest, stage, verdict, said.reason
        )
    except ApprovalRefused as error:
        log.warning("refused on the page: %s", error)
        raise HTTPException(403, _in_short(error)) from error
    log.info("%s said %s for %s of use case %s", person, verdict, stage, use_case_id)
    return {"person": person, "verdict": verdict.value, "target": stage.value}
