"""The routes of the plugin, below `/causeway`; every one of them asks who is there.

A mounted application inherits nothing of the API server's access control, so the router as a whole
depends on it: a route that is added without a thought is closed, not open.
"""

from __future__ import annotations

from typing import Any, TypeVar

from airflow.api_fastapi.core_api.security import requires_access_asset
from fastapi import APIRouter, Depends, FastAPI, Query, Request
from fastapi.responses import JSONResponse

from causeway.errors import CausewayError, ConfigError
from causeway.features.discovery import Question
from causeway.topology.accounts import AccountRole
from causeway.topology.connections import connection_id

H = TypeVar("H")

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

    hits = find_features(_hook, Question(text, owner, tag, type), account_role)
    return {
        "account_role": account_role,
        "count": len(hits),
        "feature_groups": [hit.document() for hit in hits],
    }


#: Made once in the process: making one assumes a role, which takes longer than a question's calls.
_hooks: dict[tuple[type[Any], str], Any] = {}


def _hook(kind: type[H], role: AccountRole | str | None = None, duty: str | None = None) -> H:
    assert role is not None and duty is not None  # this process has no account of its own
    key = (kind, connection_id(AccountRole(role), duty))
    hook: H = _hooks.get(key) or _hooks.setdefault(key, kind(key[1]))  # type: ignore[call-arg]
    return hook


def create() -> FastAPI:
    """Return the application that the API server mounts."""
    # No documentation pages: they would be routes without authentication.
    app = FastAPI(title="Causeway", docs_url=None, redoc_url=None, openapi_url=None)
    app.include_router(router)

    @app.exception_handler(CausewayError)
    def explain(_: Request, error: CausewayError) -> JSONResponse:
        status = 400 if isinstance(error, ConfigError) else 502
        return JSONResponse({"detail": str(error)}, status_code=status)

    return app
