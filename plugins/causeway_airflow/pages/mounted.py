"""Mounts the routes without loading them: every Airflow process imports the plugin file."""

from __future__ import annotations

from functools import cached_property
from typing import Any


class Mounted:
    """An ASGI application that is made when the first request comes."""

    @cached_property
    def application(self) -> Any:
        """The FastAPI application with the routes."""
        from causeway_airflow.pages.application import create

        return create()

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Pass a request on."""
        await self.application(scope, receive, send)
