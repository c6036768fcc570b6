"""The routes of the plugin, below `/causeway`; every one of them asks who is there.

A mounted application inherits nothing of the API server's access control, so the router as a whole
depends on it: a route that is added without a thought is closed, not open.
"""

from __future__ import annotations

from typing import Any

from airflow.api_fastapi.core_api.security import requires_access_asset
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from fastapi.responses import JSONResponse

from causeway.errors import BadInput, CausewayError, ConfigError, NotFound
from causeway.features.discovery import Question
from causeway_airflow.pages.acting import hook

#: Feature groups are assets: whoever may see Airflow's assets may see the catalogue.
router = APIRouter(prefix="/api", dependencies=[Depends(requires_access_asset("GET"))])


@router.get("/feature-groups")
def feature_groups(
    text: str = Query("", max_length=200),
    owner: str = Query("", max_length=200),
    tag: str = Query("", max_length=300),
    type: str = Query("", pattern="^(|Integral|Fractional|String)$"),
    account_role: str = Query("data_science", max_length=40),
) -> dict[str, Any]:
    """Return the feature groups that an account role can find and that answer the question."""
    from causeway_airflow.tasks.discovery import find_features

    hits = find_features(hook, Question(text, owner, tag, type), account_role)
    return {
        "account_role": account_role,
        "count": len(hits),
        "feature_groups": [hit.document() for hit in hits],
    }


def status_of(error: CausewayError) -> int:
    """Return the status of an answer: wrongly asked, not there, or AWS did not answer."""
    if isinstance(error, ConfigError | BadInput):
        return 400
    return 404 if isinstance(error, NotFound) else 502


def create() -> FastAPI:
    """Return the application that the API server mounts."""
    # No documentation pages: they would be routes without authentication.
    app = FastAPI(title="Causeway", docs_url=None, redoc_url=None, openapi_url=None)
    from causeway_airflow.pages.deciding import router as deciding
    from causeway_airflow.pages.governance import failed
    from causeway_airflow.pages.governance import router as governance
    from causeway_airflow.pages.lineage import failed as lineage_failed
    from causeway_airflow.pages.lineage import router as lineage
    from causeway_airflow.pages.lineage_answers import router as lineage_answers
    from causeway_airflow.pages.use_cases import router as use_cases

    for routes in (router, governance, deciding, lineage, lineage_answers, use_cases):
        app.include_router(routes)

    @app.exception_handler(CausewayError)
    def explain(request: Request, error: CausewayError) -> Response:
        status = status_of(error)
        path = request.url.path.removeprefix(str(request.scope.get("root_path", "")))
        if path.startswith(governance.prefix):
            return failed(request, error, status)
        if path.startswith(lineage.prefix) and not path.startswith(lineage_answers.prefix):
            return lineage_failed(request, error, status)
        return JSONResponse({"detail": str(error)}, status_code=status)

    return app
