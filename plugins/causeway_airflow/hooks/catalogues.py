"""The catalogues that a consumer reads the owner's offline store through."""

from __future__ import annotations

from causeway_airflow.hooks.base import CausewayHook


class CatalogueHook(CausewayHook):
    """The owner's catalogue, as the consumer's Athena knows it."""

    service = "athena"


class TablesHook(CausewayHook):
    """Tables in Glue, as a consumer looks them up."""

    service = "glue"
