"""The registry as a person who decides, reached as the API server's own principal (the door)."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import boto3

from causeway.governance.approvals import approver_role
from causeway.governance.gestures import Verdict
from causeway.governance.use_case_words import UseCaseWord, tags_of
from causeway.topology.arns import ModelPackageArn
from causeway.topology.connections import DOOR
from causeway.versions.stages import Stage
from causeway_airflow.configuration import topology
from causeway_airflow.hooks.base import CausewayHook

#: The words of `ModelApprovalStatus` and of a life cycle's status.
WORDS = {Verdict.APPROVED: "Approved", Verdict.REJECTED: "Rejected"}


class ApproverHook(CausewayHook):
    """A session of a stage's approver role, with the source identity of a person.

    The role's trust lets the door in with the source identities of people who decide on that stage
    (`causeway.topology.people`). CloudTrail records each call with the person's; the guard reads
    it there, as it reads the calls of sessions that people take on themselves.

    :param person: the person of the topology, who is signed in to Airflow
    :param stage: the stage that is decided on
    """

    service = "sagemaker"

    def __init__(self, person: str, stage: Stage) -> None:
        super().__init__(DOOR)
        self.person, self.stage = person, stage

    def get_session(self, region_name: str | None = None, deferrable: bool = False) -> Any:
        """Return the session of the approver role."""
        return self._session

    @cached_property
    def _session(self) -> Any:
        door = super().get_session()
        sts = door.client("sts", endpoint_url=self.conn_config.get_service_endpoint_url("sts"))
        keys = sts.assume_role(
            RoleArn=approver_role(self.stage, topology()),
            RoleSessionName="airflow",
            SourceIdentity=topology().people[self.person].source_identity,
        )["Credentials"]
        return boto3.Session(
            keys["AccessKeyId"],
            keys["SecretAccessKey"],
            keys["SessionToken"],
            region_name=topology().region,
        )

    def describe(self, version: ModelPackageArn) -> dict[str, Any]:
        """Return the version as the registry describes it to the person."""
        return self.call("describe_model_package", ModelPackageName=str(version))

    def say_of_use_case(self, group: str, word: UseCaseWord) -> None:
        """Say the person's word on a use case, as tags of a model group of it."""
        self.call("add_tags", ResourceArn=group, Tags=tags_of(word))

    def say(self, version: ModelPackageArn, verdict: Verdict, reason: str) -> None:
        """Say the person's word on the version's entry into the stage."""
        word = WORDS[verdict]
        if self.stage is Stage.TEST:
            words: dict[str, Any] = {"ModelApprovalStatus": word, "ApprovalDescription": reason}
        else:
            words = {
                "ModelLifeCycle": {
                    "Stage": "Production",
                    "StageStatus": word,
                    "StageDescription": reason,
                }
            }
        self.call("update_model_package", ModelPackageArn=str(version), **words)
