"""The shared base of the operators that are about one version of a model, named by the conf."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from causeway.deployment.serving import HeldOut, read_held_out
from causeway.digests import Digest
from causeway.errors import UnexpectedState
from causeway.topology.accounts import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway.versions.registry import RegistryVersion, gate_report_key, held_out_key, version_of
from causeway.versions.stages import Stage, StageRecord
from causeway_airflow.configuration import case_and_model, topology
from causeway_airflow.operators.base import ATTEMPT, VERSION_ARN, CausewayOperator
from causeway_airflow.parameters import Kind

if TYPE_CHECKING:
    from causeway_airflow.hooks.artifacts import ArtifactsHook
    from causeway_airflow.hooks.stage_table import StageTableHook
    from causeway_airflow.tasks.promotion import Subject

#: The stage that is entered by deploying into an account.
STAGE_OF = {AccountRole.TEST: Stage.TEST, AccountRole.PROD: Stage.PRODUCTION}


class PromotionOperator(CausewayOperator):
    """A task about one version of a model, named by the run's conf.

    :param use_case: the use case
    :param model: the model
    :param version_arn: the version (templated)
    :param attempt: the promotion attempt (templated)
    """

    template_fields = (*CausewayOperator.template_fields, "version_arn", "attempt")
    conf_parameters: ClassVar[Mapping[str, Kind]] = {"attempt": "integer"}

    def __init__(
        self,
        *,
        use_case: str,
        model: str,
        version_arn: str = VERSION_ARN,
        attempt: int = ATTEMPT,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.use_case = use_case
        self.model = model
        self.version_arn = version_arn
        self.attempt = attempt

    @cached_property
    def subject(self) -> Subject:
        """What the task is about; the version's ARN is parsed here, once."""
        from causeway_airflow.tasks.promotion import Subject

        case, model = case_and_model(self.use_case, self.model)
        return Subject(
            case=case,
            model=model,
            version=ModelPackageArn.parse(self.version_arn),
            attempt=self.attempt,
            role=AccountRole(self.account_role),
            user=f"airflow:{self.dag_id}",
        )

    @property
    def case(self) -> UseCase:
        """The use case."""
        return case_and_model(self.use_case, self.model)[0]

    @property
    def spec(self) -> ModelSpec:
        """The model."""
        return case_and_model(self.use_case, self.model)[1]

    @property
    def role(self) -> AccountRole:
        """The account role the task acts in."""
        return AccountRole(self.account_role)

    @property
    def stage(self) -> Stage:
        """The stage that the task is about."""
        return STAGE_OF[self.role]

    @property
    def audit_user(self) -> str:
        """Who records say that it was, when no person decided."""
        return f"airflow:{self.dag_id}"

    def table(self) -> StageTableHook:
        """Return the stage table, as its recorder."""
        from causeway_airflow.hooks.stage_table import StageTableHook

        return StageTableHook(self.connection("governance", "recorder"), self.region_name)

    def record(self, table: StageTableHook) -> StageRecord:
        """Return the version's record in this stage. Raises `UnexpectedState` without one."""
        record = table.state(ModelPackageArn.parse(self.version_arn)).records.get(self.stage)
        if record is None:
            raise UnexpectedState(
                f"{self.version_arn} has no {self.stage.value} record",
                next_step="Clear the deployment task, which writes it.",
            )
        return record

    def version(self) -> RegistryVersion:
        """Return the version as the registry has it."""
        from causeway_airflow.hooks.registry import RegistryHook

        registry = RegistryHook(self.connection(), self.region_name)
        return version_of(registry.describe(self.version_arn))

    def held_out(self, files: ArtifactsHook, version: RegistryVersion) -> HeldOut:
        """Return the held-out rows that lie beside the version's artifact."""
        digest = Digest(version.artifact_sha256 or "")
        text = files.read(self._shared(held_out_key(self.model, digest))).decode()
        return read_held_out(text, self.spec.training.label, self.spec.problem_type)

    def reported(self, files: ArtifactsHook, version: RegistryVersion) -> dict[str, float]:
        """Return the metrics of the gate report that the version refers to."""
        digest, report = Digest(version.artifact_sha256 or ""), version.gate_report_sha256 or ""
        key = gate_report_key(self.model, digest, report)
        return dict(json.loads(files.read(self._shared(key)))["metrics"])

    def _shared(self, key: str) -> str:
        return f"s3://{topology().bucket(AccountRole.SHARED_SERVICES)}/{key}"
