"""The operator that looks for features."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causeway_airflow.bases.operator import CausewayOperator

if TYPE_CHECKING:
    from airflow.sdk import Context


class DiscoverFeaturesOperator(CausewayOperator):
    """Look for feature groups and features as an account, and log the hits as a table.

    :param text: what stands in a name, a description or a parameter (templated)
    :param owner_name: the owner of the group (templated); a task's `owner` is another thing
    :param tag: `key` or `key=value` (templated)
    :param type: Integral, Fractional or String (templated)
    :returns: the hits, one document a feature group
    """

    template_fields = (*CausewayOperator.template_fields, "text", "owner_name", "tag", "type")

    def __init__(
        self,
        *,
        text: str = "",
        owner_name: str = "",
        tag: str = "",
        type: str = "",
        account_role: str = "data_science",
        duty: str = "explorer",
        **kwargs: Any,
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)
        self.text = text
        self.owner_name = owner_name
        self.tag = tag
        self.type = type

    def perform(self, context: Context) -> list[dict[str, Any]]:
        """Ask, log the table, return the hits."""
        from causeway_airflow.tasks.discovery import list_features

        return list_features(
            self.hook,
            self.account_role,
            text=self.text,
            owner=self.owner_name,
            tag=self.tag,
            type=self.type,
        )
