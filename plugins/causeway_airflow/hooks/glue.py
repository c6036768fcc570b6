"""Glue: the tables of a data catalogue."""

from __future__ import annotations

from causeway_airflow.hooks.base import CausewayHook


class GlueHook(CausewayHook):
    """Data catalogues as one principal sees them."""

    service = "glue"
