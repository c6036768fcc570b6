"""What a step of a use case, or an endpoint of a model, runs on, and its limits."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from causeway.documents import Strict

#: `ml.<family>.<size>`, as SageMaker names what jobs and endpoints run on.
InstanceType = Annotated[str, StringConstraints(pattern=r"^ml\.[a-z0-9-]+\.[a-z0-9]+$")]


class Resources(Strict):
    """The instances of a job, their disks, and how long the job may take.

    Disk and time have AWS's bounds: 16 TB, and nine days, which is a processing job's longest.
    """

    instance_type: InstanceType
    instance_count: Annotated[int, Field(ge=1, le=100)] = 1
    volume_gb: Annotated[int, Field(ge=1, le=16384)] = 10
    max_runtime_minutes: Annotated[int, Field(ge=1, le=12960)] = 60


class Serverless(Strict):
    """An endpoint without instances: memory, and how many requests it answers at once."""

    memory_mb: Literal[1024, 2048, 3072, 4096, 5120, 6144]
    max_concurrency: Annotated[int, Field(ge=1, le=200)]


class Deployment(Strict):
    """What an endpoint of the model runs on, and whether the one in test stays after its test."""

    instance_type: InstanceType | None = None
    count: Annotated[int, Field(ge=1)] = 1
    serverless: Serverless | None = None
    keep_test_endpoint: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> Deployment:
        if (self.instance_type is None) == (self.serverless is None):
            raise ValueError("give either `instance_type`, with a `count`, or `serverless`")
        if self.serverless and "count" in self.model_fields_set:
            raise ValueError("`count` is of instances; `serverless` has none")
        return self
