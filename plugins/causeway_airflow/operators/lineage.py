"""Operators that put on record, for the lineage, what runs did."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from causeway_airflow.bases.operator import VERSION_ARN, CausewayOperator
from causeway_airflow.configuration import case_and_model, case_of

if TYPE_CHECKING:
    from airflow.sdk import Context

    from causeway_airflow.results import RecordedLineage


class _LineageOperator(CausewayOperator):
    """A task that writes to the lineage, as the duty that may."""

    def __init__(
        self, *, account_role: str = "governance", duty: str = "lineage-keeper", **kwargs: Any
    ) -> None:
        super().__init__(account_role=account_role, duty=duty, **kwargs)


class RecordFeaturesOperator(_LineageOperator):
    """Put a use case's feature groups and their ingestions on record.

    A failure is a warning: it fails no run, and the next one repairs what is missing.

    :param use_case: the use case
    :returns: `RecordedLineage`
    """

    def __init__(self, *, use_case: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.use_case = use_case

    def perform(self, context: Context) -> RecordedLineage:
        """Read the groups and the summaries of their ingestions."""
        from causeway_airflow.tasks.lineage import of_features, record

        case = case_of(self.use_case)
        return record(self.hook, lambda: of_features(self.hook, case))


class RecordVersionOperator(_LineageOperator):
    """Put a version on record, with its training and its dataset.

    A failure is a warning: it fails no run, and platform__lineage repairs what is missing.

    :param use_case: the use case
    :param model: the model
    :param version_arn: the version (templated)
    :returns: `RecordedLineage`
    """

    template_fields = (*CausewayOperator.template_fields, "version_arn")

    def __init__(self, *, use_case: str, model: str, version_arn: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.use_case = use_case
        self.model = model
        self.version_arn = version_arn

    def perform(self, context: Context) -> RecordedLineage:
        """Read the version, its training job and what describes its dataset."""
        from causeway_airflow.tasks.lineage import of_version, record

        case, model = case_and_model(self.use_case, self.model)
        return record(self.hook, lambda: of_version(self.hook, case, model, self.version_arn))


class RecordDeploymentsOperator(_LineageOperator):
    """Put on record what a model's endpoints served when, and what was decided about a version.

    A failure is a warning: it fails no run, and the next one repairs what is missing.

    :param use_case: the use case
    :param model: the model
    :param version_arn: the version that the run is about; none: the deployments alone (templated)
    :returns: `RecordedLineage`
    """

    template_fields = (*CausewayOperator.template_fields, "version_arn")

    def __init__(
        self, *, use_case: str, model: str, version_arn: str | None = VERSION_ARN, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.use_case = use_case
        self.model = model
        self.version_arn = version_arn

    def perform(self, context: Context) -> RecordedLineage:
        """Read the version's decisions and the endpoints' histories."""
        from causeway_airflow.tasks.lineage import of_promotion, record

        _, model = case_and_model(self.use_case, self.model)
        return record(self.hook, lambda: of_promotion(self.hook, model, self.version_arn))


class ReadInLineageOperator(_LineageOperator):
    """Read in what feature store, registry, table and endpoints hold and the lineage lacks.

    :returns: `RecordedLineage`
    """

    def perform(self, context: Context) -> RecordedLineage:
        """Raises `UnexpectedState` when a part could not be read; the others are on record then."""
        from causeway_airflow.tasks.lineage import read_in

        return read_in(self.hook)
