"""The model registry: package groups and versions, addressed by name or by the owner's ARN."""

from __future__ import annotations

from typing import Any

from causeway_airflow.hooks.base import AwsCallError, CausewayHook


class RegistryHook(CausewayHook):
    """Model package groups and versions as one principal sees them."""

    service = "sagemaker"

    def find_group(self, group: str) -> dict[str, Any] | None:
        """Return a group by name (own account) or ARN (another's), or None when there is none."""
        try:
            return self.call("describe_model_package_group", ModelPackageGroupName=group)
        except AwsCallError as error:
            if error.missing:
                return None
            raise

    def ensure_group(self, name: str, description: str, tags: dict[str, str]) -> bool:
        """Create a group in the caller's own account unless it is there; returns whether made."""
        if self.find_group(name) is not None:
            return False
        try:
            self.call(
                "create_model_package_group",
                ModelPackageGroupName=name,
                ModelPackageGroupDescription=description,
                Tags=[{"Key": key, "Value": value} for key, value in sorted(tags.items())],
            )
        except AwsCallError as error:
            if not error.exists:
                raise
            return False
        return True

    def describe(self, version_arn: str) -> dict[str, Any]:
        """Return a version in full. Raises `AwsCallError` (`missing`) when there is none."""
        return self.call("describe_model_package", ModelPackageName=version_arn)

    def versions(self, group: str) -> list[dict[str, Any]]:
        """Return the summaries of a group's versions, newest first; no group has none."""
        try:
            return self.pages(
                "list_model_packages",
                "ModelPackageSummaryList",
                ModelPackageGroupName=group,
                SortBy="CreationTime",
                SortOrder="Descending",
                MaxResults=100,
            )
        except AwsCallError as error:
            if error.missing:
                return []
            raise

    def described_like(self, group: str, words: str) -> list[dict[str, Any]]:
        """Return in full the versions whose description holds `words` (the summaries have it)."""
        return [
            self.describe(found["ModelPackageArn"])
            for found in self.versions(group)
            if words in found.get("ModelPackageDescription", "")
        ]

    def newest(self, group: str, production: int | None, count: int = 3) -> list[dict[str, Any]]:
        """Return in full the newest versions of a group, and the one in production."""
        found = self.versions(group)
        wanted = found[:count] + [f for f in found[count:] if _number(f) == production]
        return [self.describe(one["ModelPackageArn"]) for one in wanted]

    def search(self, group: str) -> list[dict[str, Any]]:
        """Return a group's versions in full, by last-modified time, newest first.

        Search returns full records (BatchDescribe has no lifecycle, no editor and no metadata)
        and needs no further call a version. It is eventually consistent: what it does not hold
        yet, the next sync finds.
        """
        results = self.pages(
            "search",
            "Results",
            Resource="ModelPackage",
            SearchExpression={
                "Filters": [{"Name": "ModelPackageGroupName", "Operator": "Equals", "Value": group}]
            },
            SortBy="LastModifiedTime",
            SortOrder="Descending",
            MaxResults=100,
        )
        return [result["ModelPackage"] for result in results]

    def create(self, request: dict[str, Any]) -> str:
        """Register a version and return its ARN."""
        return str(self.call("create_model_package", **request)["ModelPackageArn"])


def _number(summary: dict[str, Any]) -> int:
    return int(summary["ModelPackageVersion"])
