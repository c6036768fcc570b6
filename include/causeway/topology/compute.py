"""How the jobs and endpoints of an account run, whatever the use case: network and keys."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from causeway.documents import Strict
from causeway.topology.landing import KeyArn

#: The account roles in which something runs.
RunningRole = Literal["data", "data_science", "test", "prod"]
Subnet = Annotated[str, StringConstraints(pattern=r"^subnet-([0-9a-f]{8}|[0-9a-f]{17})$")]
SecurityGroup = Annotated[str, StringConstraints(pattern=r"^sg-([0-9a-f]{8}|[0-9a-f]{17})$")]


class Compute(Strict):
    """The VPC of jobs and endpoints, whether they have no network, and their volumes' key.

    `volume_key` is of the same account, or its key's policy lets the account use it.
    """

    subnets: tuple[Subnet, ...] = Field(default=(), max_length=16)
    security_groups: tuple[SecurityGroup, ...] = Field(default=(), max_length=5)
    #: Containers can call nothing, not even AWS; SageMaker still moves inputs and outputs.
    isolation: bool = False
    volume_key: KeyArn | None = None

    @model_validator(mode="after")
    def _whole(self) -> Compute:
        if bool(self.subnets) != bool(self.security_groups):
            raise ValueError("subnets and security_groups go together: give both, or neither")
        return self

    @property
    def network(self) -> dict[str, Any]:
        """The members of SageMaker's requests that say in which network a container is."""
        members: dict[str, Any] = {}
        if self.subnets:
            members["VpcConfig"] = {
                "Subnets": list(self.subnets),
                "SecurityGroupIds": list(self.security_groups),
            }
        if self.isolation:
            members["EnableNetworkIsolation"] = True
        return members

    @property
    def volume(self) -> dict[str, str]:
        """The member of a job's resources that names its volume's key."""
        return {"VolumeKmsKeyId": self.volume_key} if self.volume_key else {}
