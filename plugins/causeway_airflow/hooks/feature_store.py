"""Feature groups: made from their contract, and brought to it when the contract grew.

A bare name addresses a group of the caller's own account, an ARN another account's.
"""

from __future__ import annotations

import time
from typing import Any

from causeway.errors import UnexpectedState
from causeway.features.changes import metadata, tag_changes, updates
from causeway.statuses import Meaning, meaning
from causeway.use_cases.contracts import FeatureGroup
from causeway.use_cases.use_case import UseCase
from causeway_airflow.hooks.base import AwsCallError, CausewayHook


class FeatureGroupsHook(CausewayHook):
    """The control plane: definitions of feature groups."""

    service = "sagemaker"

    def find(self, group: str) -> dict[str, Any] | None:
        """Return a feature group by name or ARN, or None when there is none."""
        try:
            return self.call("describe_feature_group", FeatureGroupName=group)
        except AwsCallError as error:
            if error.missing:
                return None
            raise

    def ensure(self, request: dict[str, Any]) -> tuple[bool, bool, dict[str, Any]]:
        """Make a feature group, or bring the one that is there to its contract, and wait for it.

        Returns whether it was made, whether it was changed, and its description. Raises
        `UnexpectedState` when it cannot be used or differs in what can never change.
        """
        name, made = request["FeatureGroupName"], False
        if self.find(name) is None:
            try:
                self.call("create_feature_group", **request)
                made = True
            except AwsCallError as error:
                if not error.exists:
                    raise
        found = self._settled(name)
        changes = () if made else updates(request, found)
        for change in changes:
            self.call("update_feature_group", **change)
            self.log.info("%s: %s", name, ", ".join(sorted(set(change) - {"FeatureGroupName"})))
            found = self._settled(name)
        tagged = not made and self._tag(found["FeatureGroupArn"], request["Tags"])
        return made, bool(changes) or tagged, found

    def _tag(self, arn: str, wanted: list[dict[str, str]]) -> bool:
        """Bring a group's tags to its contract's; return whether any was changed."""
        held = self.pages("list_tags", "Tags", ResourceArn=arn)
        added, removed = tag_changes(wanted, held)
        if removed:  # first: while the tag that lists ours still names them
            self.call("delete_tags", ResourceArn=arn, TagKeys=removed)
        if added:
            self.call("add_tags", ResourceArn=arn, Tags=added)
        return bool(added or removed)

    def describe_features(self, group: FeatureGroup, case: UseCase) -> int:
        """Say of each feature what its contract says; return how many were changed."""
        found = {
            name: self.call(
                "describe_feature_metadata", FeatureGroupName=group.name, FeatureName=name
            )
            for name in group.feature_names
        }
        changes = metadata(group, case, found)
        for change in changes:
            self.call("update_feature_metadata", **change)
        return len(changes)

    def _settled(self, name: str, timeout: float = 600) -> dict[str, Any]:
        """Return the description of a group once it is neither being made nor being changed."""
        deadline = time.monotonic() + timeout
        while True:
            found = self.find(name) or {"FeatureGroupStatus": "(gone)"}
            status = found["FeatureGroupStatus"]
            update = found.get("LastUpdateStatus") or {"Status": "Successful"}
            state = meaning("FeatureGroupStatus", status)
            if state is Meaning.SUCCESS:
                state = meaning("LastUpdateStatusValue", update["Status"])
            if state is Meaning.SUCCESS:
                return found
            if state is not Meaning.WAITING or time.monotonic() > deadline:
                reason = found.get("FailureReason") or update.get("FailureReason", "no reason")
                raise UnexpectedState(
                    f"feature group {name} is {status} ({update['Status']}): {reason}",
                    principal=self.principal,
                    next_step="Delete it when it failed to be created, then re-run.",
                )
            time.sleep(0.2)
