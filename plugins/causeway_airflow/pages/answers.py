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
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    from airflow.api_fastapi.auth.managers.models.base_user import BaseUser

    from causeway_airflow.tasks.words import Word

    Scope = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
    Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
    Application = Callable[[Scope, Receive, Send], Awaitable[None]]

log = logging.getLogger(__name__)

#: Airflow's route for an answer (airflow 3.3.2), of the tasks that wait for decisions.
_ROUTE: Final = re.compile(
    r"/api/v2/dags/(?P<model>[^/]+)__promotion/dagRuns/[^/]+-v(?P<version>[0-9]{1,9})-[0-9]{1,9}"
    r"/taskInstances/approval_for_(?P<target>test|production)/-1/hitlDetails"
)
#: The headers by which Airflow knows who asks; others are of the answer's body, or compress.
_IDENTITY: Final = (b"host", b"cookie", b"authorization")
#: What the guard refuses. Airflow's pages show the text of a status that they do not know, and
#: words of their own for the others (airflow 3.3.2); elsewhere it is a 400 (RFC 9110, 15).
REFUSED: Final = 460
#: Bytes of an answer: two words and a reason.
LIMIT: Final = 65_536
#: How long somebody waits for a word to be said.
SECONDS: Final = 30.0


class Refused(Exception):  # noqa: N818 - the name says what happened
    """An answer that goes no further, with the status and the text that its sender gets."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status, self.text = status, text


class AnswerMiddleware:
    """Stands before Airflow's application and lets everything else through untouched."""

    def __init__(self, app: Application) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Say the word of an answer; pass the request on unless it was refused."""
        answers = scope["type"] == "http" and scope["method"] == "PATCH"
        path = scope["path"].removeprefix(scope.get("root_path") or "") if answers else ""
        route = _ROUTE.fullmatch(path)
        if route is None:
            await self.app(scope, receive, send)
            return
        from fastapi.responses import JSONResponse

        try:
            body = await _body(receive)
            await self._say(scope, route, body)
        except Refused as refused:
            reply = JSONResponse({"detail": refused.text}, status_code=refused.status)
            await reply(scope, receive, send)
            return
        await self.app(scope, _again(body, receive), send)

    async def _say(self, scope: Scope, route: re.Match[str], body: bytes) -> None:
        """Say the word, where Airflow would take the answer from whoever is signed in.

        What Airflow refuses by itself is left to it: nobody is signed in, the role may not answer,
        nothing is asked, it was answered before.
        """
        from causeway_airflow.pages.deciding import may_answer

        user, request = await _signed_in(scope), await self._request(scope)
        if user is None or request is None or not may_answer(user, route["model"]):
            return
        word = await _in_time(_word, str(user.get_name()), route, *_answer(body))
        assigned = {assignee["id"] for assignee in request["assigned_users"]}
        if assigned & {user.get_id(), user.get_name()}:
            await _in_time(_speak, word)
        else:  # the guard says why, else Airflow
            await _in_time(_require_foreseen, word)

    async def _request(self, scope: Scope) -> dict[str, Any] | None:
        """Return the request that is to be answered, as Airflow tells it; None if none is open."""
        parts: list[MutableMapping[str, Any]] = []

        async def nothing() -> MutableMapping[str, Any]:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def keep(message: MutableMapping[str, Any]) -> None:
            parts.append(message)

        headers = [pair for pair in scope["headers"] if pair[0].lower() in _IDENTITY]
        look = {**scope, "method": "GET", "headers": headers, "state": {}}
        await self.app(look, nothing, keep)
        if parts[0]["status"] != 200:
            return None
        request: dict[str, Any] = json.loads(b"".join(part.get("body", b"") for part in parts[1:]))
        return None if request["response_received"] else request


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
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Refused(400, "An answer has chosen_options and params_input.") from error
    if options not in ([APPROVE], [REJECT]) or not isinstance(reason, str):
        raise Refused(400, f"Choose {APPROVE} or {REJECT}, and give a reason.")
    return options == [APPROVE], reason


async def _in_time(act: Callable[..., Any], *arguments: Any) -> Any:
    """Ask AWS in a thread, and give up in time; what was begun may still be done."""
    import asyncio

    from causeway.errors import ApprovalRefused, CausewayError, ConfigError
    from causeway_airflow.tasks.words import in_short

    try:
        return await asyncio.wait_for(asyncio.to_thread(act, *arguments), SECONDS)
    except TimeoutError as error:
        text = "AWS does not answer. The word may have been said: look at the version's page."
        raise Refused(504, text) from error
    except ConfigError as error:
        raise Refused(400, str(error)) from error
    except ApprovalRefused as error:
        log.warning("refused in Required Actions: %s", error)
        raise Refused(REFUSED, in_short(error)) from error
    except CausewayError as error:
        log.exception("a word could not be said in the registry")
        raise Refused(502, str(error)) from error


def _word(user: str, route: re.Match[str], approves: bool, reason: str) -> Word:
    from causeway.governance.gestures import Verdict
    from causeway.versions.stages import Stage
    from causeway_airflow.pages.acting import hook
    from causeway_airflow.tasks import boards
    from causeway_airflow.tasks.words import Word

    view = boards.version_view(hook, route["model"], int(route["version"]))
    run = route[0].split("/")[6]
    if view is None or view.promotion is None or view.promotion.run_id != run:
        raise Refused(409, f"{run} is no promotion that goes on.")
    verdict = Verdict.APPROVED if approves else Verdict.REJECTED
    return Word(user, view.model, view.row.version, Stage(route["target"]), verdict, reason)


def _speak(word: Word) -> None:
    from causeway_airflow.pages.acting import hook
    from causeway_airflow.tasks.words import say

    log.info("%s said %s for %s of %s", say(hook, word), word.verdict, word.target, word.version)


def _require_foreseen(word: Word) -> None:
    from causeway_airflow.pages.acting import hook
    from causeway_airflow.tasks.words import foresee

    foresee(hook, word)
