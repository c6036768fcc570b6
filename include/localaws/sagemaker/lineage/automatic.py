"""The lineage that SageMaker records by itself, of jobs, model packages and endpoints.

(SageMaker Developer Guide, "Amazon SageMaker AI-Created Tracking Entities". Names, types and
directions are those of outputs that people published of the SDK's `LineageTableVisualizer`, and
of the guide's queries, which find models above an endpoint's context; not verified on AWS.) An
artifact with the same `SourceUri` is used, whoever made it. Entities are made when a call reads
lineage, each once: what somebody deletes stays away. Checkpoints and transform jobs have none.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from localaws.kit.service import Call
from localaws.sagemaker.hosting.endpoint_store import Endpoint, EndpointStore
from localaws.sagemaker.jobs.jobs import PROCESSING, TRAINING, Job, JobStore
from localaws.sagemaker.lineage.store import Edge, Entity, LineageStore, Record, add
from localaws.sagemaker.lineage.trial_components import component_name, of_jobs
from localaws.sagemaker.registry.store import Registry

CONTRIBUTED, PRODUCED, ASSOCIATED = "ContributedTo", "Produced", "AssociatedWith"


def recorded(call: Call) -> None:
    """Record what the account's jobs, packages and endpoints are, as far as it is not yet."""
    of_jobs(call)
    making = _Making(replace(call, params={}))
    for kind in (TRAINING, PROCESSING):
        for job in call.store(JobStore).all(kind):
            making.job(job)
    for package in call.store(Registry).packages():
        making.package(package)
    for endpoint in call.store(EndpointStore).all():
        making.endpoint(endpoint)


@dataclass
class _Making:
    call: Call

    def __post_init__(self) -> None:
        self.store = self.call.store(LineageStore)
        self.by_uri = {
            artifact.record["Source"]["SourceUri"]: artifact.arn
            for artifact in self.store.of_kind("artifact")
        }

    def job(self, job: Job) -> None:
        """Record a job's image and inputs, and what it produced once it is complete."""
        component = self.call.arn(
            f"experiment-trial-component/{component_name(job.kind, job.name)}", "sagemaker"
        )
        record = self.store.entities[component].record
        image = _image(job.request)
        sources = [each["Value"] for each in record["InputArtifacts"].values()]
        for uri, kind in [(image, "Image"), *((uri, "DataSet") for uri in sources)]:
            self.link(self.artifact(uri, kind, job.created), component, CONTRIBUTED)
        if job.status == "Completed":
            made = "Model" if job.kind is TRAINING else "DataSet"
            for output in record["OutputArtifacts"].values():
                artifact = self.artifact(output["Value"], made, job.ended or job.created)
                self.link(component, artifact, PRODUCED)

    def package(self, package: Record) -> None:
        """Record a package, its containers, its group, and its creation with what was decided."""
        created, arn = package["CreationTime"], package["ModelPackageArn"]
        artifact = self.artifact(arn, "Model", created)
        self.containers(package.get("InferenceSpecification") or {}, artifact, created)
        group = package.get("ModelPackageGroupName")
        if group is None:
            return
        version, status = package["ModelPackageVersion"], package.get("ModelApprovalStatus")
        context = self.named(
            "context",
            f"{group}-aws-model-group",
            "ModelGroup",
            self.call.arn(f"model-package-group/{group}", "sagemaker"),
            created,
        )
        self.link(artifact, context, ASSOCIATED)
        decided = package.get("LastModifiedTime") or created
        action = self.named(
            "action",
            f"{group}-{version}-{status}-{int(decided.timestamp())}-aws-model-group",
            "Approval",
            arn,
            decided,
            once=f"{arn} {status}",
        )
        self.link(action, artifact, CONTRIBUTED)

    def containers(self, specification: Record, into: str | None, created: datetime) -> None:
        """Record the image and the model of each container."""
        for container in specification.get("Containers") or ():
            for uri, kind in ((container.get("Image"), "Image"), (_model(container), "Model")):
                self.link(self.artifact(uri, kind, created), into, CONTRIBUTED)

    def endpoint(self, endpoint: Endpoint) -> None:
        """Record an endpoint, and the deployment of each config with its models."""
        context = self.named(
            "context", f"{endpoint.name}-aws-endpoint", "Endpoint", endpoint.arn, endpoint.created
        )
        config = endpoint.live.config
        action = self.named(
            "action",
            f"{endpoint.name}-{config.name}-aws-endpoint",
            "ModelDeployment",
            endpoint.arn,
            endpoint.modified,
        )
        self.link(action, context, ASSOCIATED)
        for model in endpoint.live.models.values():
            request = model.request
            for container in (*request.get("Containers", ()), request.get("PrimaryContainer")):
                package = (container or {}).get("ModelPackageName")
                for uri, kind in (
                    ((container or {}).get("Image"), "Image"),
                    (_model(container or {}), "Model"),
                    (package, "Model"),
                ):
                    artifact = self.artifact(uri, kind, model.created)
                    self.link(artifact, action, CONTRIBUTED)

    # ------------------------------------------------------------------ making
    def artifact(self, uri: str | None, kind: str, created: datetime) -> str | None:
        """Return the artifact of an address, made if there was never one."""
        if not uri:
            return None
        if uri not in self.by_uri:
            digest = hashlib.sha256(f"{self.call.account}/{uri}".encode()).hexdigest()[:32]
            arn = self.call.arn(f"artifact/{digest}", "sagemaker")
            record = {"ArtifactArn": arn, "Source": {"SourceUri": uri}, "ArtifactType": kind}
            if not self._add(Entity("artifact", "", arn, kind, record), created, uri):
                return None
            self.by_uri[uri] = arn
        return self.by_uri[uri]

    def named(
        self,
        resource: str,
        name: str,
        kind: str,
        uri: str,
        created: datetime,
        once: str | None = None,
    ) -> str | None:
        """Return a context or an action by its name, made if there was never one.

        `once` says of what there is one, where its name changes.
        """
        name = name[:120]
        arn, title = self.call.arn(f"{resource}/{name}", "sagemaker"), resource.capitalize()
        if arn in self.store.entities:
            return arn
        record = {
            f"{title}Arn": arn,
            f"{title}Name": name,
            f"{title}Type": kind,
            "Source": {"SourceUri": uri, "SourceType": "ARN"},
        }
        return arn if self._add(Entity(resource, name, arn, kind, record), created, once) else None

    def _add(self, entity: Entity, created: datetime, once: str | None) -> bool:
        key = once or entity.arn
        if key in self.store.made:
            return False
        self.store.made.add(key)
        add(self.call, entity)
        entity.record |= {"CreationTime": created, "LastModifiedTime": created, "CreatedBy": {}}
        return True

    def link(self, source: str | None, destination: str | None, kind: str) -> None:
        """Associate two entities, if both are there and they never were."""
        if source is None or destination is None:
            return
        ends = source, destination
        if ends not in self.store.edges and f"{source} {destination}" not in self.store.made:
            self.store.made.add(f"{source} {destination}")
            self.store.edges[ends] = Edge(*ends, kind, self.call.now(), {})


def _image(request: Record) -> str | None:
    training: Any = request.get("AlgorithmSpecification", {}).get("TrainingImage")
    processing: Any = request.get("AppSpecification", {}).get("ImageUri")
    image: str | None = training or processing
    return image


def _model(container: Record) -> str | None:
    url: str | None = container.get("ModelDataUrl")
    source = container.get("ModelDataSource", {}).get("S3DataSource", {}).get("S3Uri")
    return url or source
