"""Answers in Airflow's Required Actions: said in the registry as the person, then given to Airflow.

Airflow stores an answer and resumes the task, which runs as a worker, and no worker can speak for
people. So the API server, which has seen who is signed in, says the word first. What the guard
would refuse is answered with the reason and not stored; what it takes goes on to Airflow, which
judges by itself who may answer. An answer that came by another way opens nothing: the task finds no
decision and asks again.
"""

from __future__ import annotations

import json
import logging
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from airflow.api_fastapi.auth.managers.models.base_user import BaseUser

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
    Application = Callable[[Scope, Receive, Send], Awaitable[None]]

log = logging.getLogger(__name__)

#: Airflow's route for an answer (airflow 3.3.2), of the tasks that wait for decisions.
_ROUTE: Final = re.compile(
    r"/api/v2/dags/(?P<model>[^/]+)__promotion/dagRuns/(?P<run>[^/]+)"
    r"/taskInstances/approval_for_(?P<target>test|production)/-?\d+/hitlDetails/?$"
)
_RUN: Final = re.compile(r".+-v(?P<version>\d+)-(?P<attempt>\d+)$")
#: What the guard refuses. Airflow's pages show the text of a status that they do not know, and
#: words of their own for the others (airflow 3.3.2); elsewhere it is a 400 (RFC 9110, 15).
REFUSED: Final = 460
#: Bytes of an answer: two words and a reason.
LIMIT: Final = 65_536


@dataclass(frozen=True)
class Refused(Exception):  # noqa: N818 - the name says what happened
    """An answer that goes no further, with the status and the text that its sender gets."""

    status: int
    text: str


class AnswerMiddleware:
    """Stands before Airflow's application and lets everything else through untouched."""

    def __init__(self, app: Application) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say the word of an answer; pass the request on unless it was refused."""
        answers = scope["type"] == "http" and scope["method"] == "PATCH"
        route = _ROUTE.search(scope["path"]) if answers else None
        if route is None:
            await self.app(scope, receive, send)
            return
        from fastapi.responses import JSONResponse

        try:
            body = await _body(receive)
            await _say(scope, route, body)
        except Refused as refused:
            reply = JSONResponse({"detail": refused.text}, status_code=refused.status)
            await reply(scope, receive, send)
            return
        await self.app(scope, _again(body, receive), send)


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if len(body) > LIMIT:
            raise Refused(413, f"An answer has at most {LIMIT} bytes.")
        if message["type"] == "http.disconnect" or not message.get("more_body"):
            return body


def _again(body: bytes, receive: Receive) -> Receive:
    """Return what gives the body once more, and after it what the server says."""
    waiting = [body]

    async def replayed() -> MutableMapping[str, Any]:
        if waiting:
            return {"type": "http.request", "body": waiting.pop(), "more_body": False}
        return await receive()

    return replayed


async def _say(scope: Scope, route: re.Match[str], body: bytes) -> None:
    import asyncio

    from causeway_airflow.pages.deciding import may_answer

    user, run = await _signed_in(scope), _RUN.fullmatch(route["run"])
    if user is None or run is None or not may_answer(user, route["model"]):
        return  # Airflow says so itself
    approves, reason = _answer(body)
    await asyncio.to_thread(_say_as, user.get_name(), route, int(run["version"]), approves, reason)


async def _signed_in(scope: Scope) -> BaseUser | None:
    """Return who is signed in, as Airflow's routes find out."""
    from airflow.api_fastapi.core_api.security import bearer_scheme, get_user
    from fastapi import HTTPException, Request

    request = Request(dict(scope))
    try:
        user = await get_user(request, None, await bearer_scheme(request))
    except HTTPException:
        return None
    return user


def _answer(body: bytes) -> tuple[bool, str]:
    """Read an answer: whether it approves, and why."""
    from causeway_airflow.tasks.approval_requests import APPROVE, REASON, REJECT

    try:
        answer = json.loads(body)
        options, fields = answer["chosen_options"], answer.get("params_input") or {}
        reason = fields.get(REASON) or ""
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused(400, "An answer has chosen_options and params_input.") from error
    if options not in ([APPROVE], [REJECT]) or not isinstance(reason, str):
        raise Refused(400, f"Choose {APPROVE} or {REJECT}, and give a reason.")
    return options == [APPROVE], reason


def _say_as(user: str, route: re.Match[str], number: int, approves: bool, reason: str) -> None:
    from causeway.errors import ApprovalRefused, CausewayError, ConfigError
    from causeway.governance.gestures import Verdict
    from causeway.versions.stages import Stage
    from causeway_airflow.pages.acting import hook
    from causeway_airflow.tasks import boards
    from causeway_airflow.tasks.words import Word, in_short, say

    view = boards.version_view(hook, route["model"], number)
    if view is None or view.promotion is None or view.promotion.run_id != route["run"]:
        raise Refused(409, f"{route['run']} is no promotion that goes on.")
    word = Word(
        user,
        view.model,
        view.row.version,
        Stage(route["target"]),
        Verdict.APPROVED if approves else Verdict.REJECTED,
        reason,
    )
    try:
        person = say(hook, word)
    except ConfigError as error:
        raise Refused(400, str(error)) from error
    except ApprovalRefused as error:
        log.warning("refused in Required Actions: %s", error)
        raise Refused(REFUSED, in_short(error)) from error
    except CausewayError as error:
        log.exception("%s could not be said in the registry", word)
        raise Refused(502, str(error)) from error
    log.info("%s said %s for %s of %s", person, word.verdict, word.target, word.version)
