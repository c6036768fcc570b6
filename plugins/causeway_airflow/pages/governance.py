"""The governance pages: what is live, what waits for whom, and how each version came to stand.

Rendered on the server: every value is escaped by the templates, no script but ours runs, and
nothing is loaded from elsewhere. Deciding is in `deciding`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from airflow.api_fastapi.core_api.security import GetUserDep, requires_access_asset
from fastapi import APIRouter, Depends, HTTPException, Query, Request
from fastapi.responses import FileResponse, HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from causeway.governance.board import COLUMNS
from causeway.instants import Day, moment, read_day
from causeway.versions.stages import Stage
from causeway_airflow.configuration import topology
from causeway_airflow.pages.acting import hook
from causeway_airflow.pages.deciding import choices
from causeway_airflow.promotion_runs import promotion_dag_id
from causeway_airflow.tasks import boards
from causeway_airflow.tasks.model_views import live_on
from causeway_airflow.tasks.words import REASON_LENGTH

HERE: Final = Path(__file__).parent
#: What each page may load: what this application serves, and nothing else.
POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'self'"
)
HEADERS: Final = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
STATIC: Final = {"pages.css": "text/css", "pages.js": "text/javascript"}

#: Whoever may see Airflow's assets may see what is made of them.
router = APIRouter(prefix="/governance", dependencies=[Depends(requires_access_asset("GET"))])


def _when(time: datetime | None) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC") if time else ""


def _number(value: object) -> str:
    """Print a metric: four decimals, and none for a whole number."""
    if not isinstance(value, float):
        return str(value)
    return f"{value:.0f}" if value.is_integer() else f"{value:.4f}"


def _templates() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"when": _when, "moment": moment, "number": _number}
    environment.globals |= {
        "columns": COLUMNS,
        "promotion_dag_id": promotion_dag_id,
        "Stage": Stage,
    }
    return environment


TEMPLATES: Final = _templates()


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """Render a page, with the addresses of these pages and of Airflow's."""
    root = str(request.scope.get("root_path", "")) + "/governance"
    airflow = root.removesuffix("/causeway/governance")
    text = TEMPLATES.get_template(template).render(
        root=root, airflow=airflow, local=topology().local, **values
    )
    return HTMLResponse(text, status_code=status, headers=HEADERS)


@router.get("/")
def overview(request: Request, offset: int = Query(0, ge=0)) -> HTMLResponse:
    """Show every model: what is live, what waits for whom, what was refused."""
    return page(request, "overview.html", models=boards.overview(hook, offset))


@router.get("/day")
def day(
    request: Request, day: str = Query("", max_length=40), offset: int = Query(0, ge=0)
) -> HTMLResponse:
    """Show what production served on a day, who let it in, and on which evidence."""
    choice, problem = _day_of(day)
    models, _, after = boards.models_of(offset)
    return page(
        request,
        "day.html",
        status=400 if problem else 200,
        day=choice,
        problem=problem,
        served=live_on(hook, models, choice) if choice else (),
        next_offset=after,
    )


@router.get("/models/{name}")
def model(
    request: Request,
    name: str,
    below: int | None = Query(None, ge=1),
    day: str = Query("", max_length=40),
) -> HTMLResponse:
    """Show the stage board of a model, what production served when, and on a day who let it in."""
    board = boards.model_board(hook, name, below)
    if board is None:
        return missing(request, f"There is no model {name}.")
    choice, problem = _day_of(day) if day else (None, "")
    return page(
        request,
        "model.html",
        status=400 if problem else 200,
        board=board,
        day=choice,
        problem=problem,
        served=live_on(hook, [(board.case, board.model)], choice) if choice else (),
    )


@router.get("/models/{name}/versions/{number}")
def version(request: Request, name: str, number: int, user: GetUserDep) -> HTMLResponse:
    """Show one version: its stages, who decided what and why, what was refused, its digests.

    Whoever is signed in sees what they may say of it, or why the guard would refuse it.
    """
    view = boards.version_view(hook, name, number)
    if view is None:
        return missing(request, f"Nothing is recorded of version {number} of {name}.")
    wait = view.row.wait(view.model)
    words = choices(user.get_name(), view)
    entries, whole = boards.audit_of(hook, view)
    return page(
        request,
        "version.html",
        view=view,
        wait=wait,
        gate_report=boards.gate_report_address(view),
        entries=entries,
        more_entries=not whole,
        choices=words,
        user=user.get_name(),
        reason_length=REASON_LENGTH,
    )


@router.get("/static/{name}")
def static(name: str) -> FileResponse:
    """Return the pages' style or script."""
    if name not in STATIC:
        raise HTTPException(404, "There is no such file.")
    return FileResponse(HERE / "static" / name, media_type=STATIC[name], headers=HEADERS)


def failed(request: Request, error: Exception, status: int) -> HTMLResponse:
    """Show that the table could not be read, and what to do about it."""
    return page(request, "failed.html", status=status, text=str(error))


def missing(request: Request, text: str) -> HTMLResponse:
    """Show that there is no such thing."""
    return page(request, "missing.html", status=404, text=text)


def _day_of(text: str) -> tuple[Day | None, str]:
    """Read the day that is asked for. Return what is wrong with it, too."""
    try:
        day = read_day(text)
    except ValueError as error:
        return None, f"{error}."
    if day.start > datetime.now(UTC):
        return None, f"{day} has not begun in UTC: pick a day that has."
    return day, ""
