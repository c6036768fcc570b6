"""Jobs as functions of their inputs: code bundles and the requests that start them.

A job's name follows from everything that it depends on (script and code digest, inputs, parameters,
image), never from a run or a clock: the same work has the same name and is adopted, other work has
another name. Script mode of SageMaker: processing jobs run a script that is one of their inputs,
training jobs get `sagemaker_program` and `sagemaker_submit_directory`.
"""

from __future__ import annotations

import gzip
import io
import tarfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from causeway.digests import canonical_json, sha256
from causeway.errors import ConfigError
from causeway.names import job_name
from causeway.topology.compute import Compute
from causeway.use_cases.job_scripts import SHIPPED
from causeway.use_cases.model_checks import JOBS_DIR, NEEDED
from causeway.use_cases.resource_specs import Resources
from causeway.use_cases.use_case import ModelSpec, UseCase

#: The environment variable that carries a job's inputs digest; Describe shows it to a retry.
INPUTS_VARIABLE: Final = "CAUSEWAY_INPUTS"
SHARED: Final = "shared"
#: What SageMaker packs a training job's model directory into.
MODEL_ARCHIVE: Final = "model.tar.gz"
PROCESSING_ROOT: Final = "/opt/ml/processing"
#: The channel that has the code of a training job which cannot download it.
CODE_CHANNEL: Final = "code"

#: The kind of a training job, as it stands in its name.
TRAIN: Final = "train"

Tags = Mapping[str, str]


@dataclass(frozen=True)
class Code:
    """The scripts of a job at one content: file name -> bytes."""

    files: Mapping[str, bytes]

    @property
    def digest(self) -> str:
        """The SHA-256 over names and contents, whatever their order."""
        return sha256(canonical_json({n: sha256(content) for n, content in self.files.items()}))

    def archive(self) -> bytes:
        """Pack the files as `sourcedir.tar.gz`: the same bytes for the same files, always."""
        packed = io.BytesIO()
        with (
            gzip.GzipFile(fileobj=packed, mode="wb", mtime=0, filename="") as zipped,
            tarfile.open(fileobj=zipped, mode="w", format=tarfile.PAX_FORMAT) as tar,
        ):
            for name in sorted(self.files):
                member = tarfile.TarInfo(name)
                member.size = len(self.files[name])
                tar.addfile(member, io.BytesIO(self.files[name]))
        return packed.getvalue()


@dataclass(frozen=True)
class Input:
    """A folder of S3 that a job reads, under the name it has there."""

    name: str
    uri: str


@dataclass(frozen=True)
class Processing:
    """A processing job: a script, what it reads, what it writes, and how it is called.

    Every input is passed as `--<name> <folder>`, the output as `--output <folder>`.
    """

    subject: str
    script: str
    code: Code
    code_uri: str
    folders: Sequence[Input]
    output: str
    output_root: str
    image: str
    runs_on: Resources
    compute: Compute
    role_arn: str
    kms_key: str

    @property
    def inputs(self) -> str:
        """The digest of everything that the job's result depends on."""
        return inputs_digest(
            script=self.script,
            code=self.code.digest,
            folders={item.name: item.uri for item in self.folders},
            image=self.image,
        )

    @property
    def name(self) -> str:
        """The name of the job's first attempt."""
        return job_name(self.subject, Path(self.script).stem, self.inputs)

    def request(self, tags: Tags) -> dict[str, Any]:
        """Return the `CreateProcessingJob` request."""
        folders = {item.name: f"{PROCESSING_ROOT}/input/{item.name}" for item in self.folders}
        target = f"{PROCESSING_ROOT}/output"
        arguments = [part for name, path in folders.items() for part in (f"--{name}", path)]
        return {
            "ProcessingJobName": self.name,
            "RoleArn": self.role_arn,
            "AppSpecification": {
                "ImageUri": self.image,
                "ContainerEntrypoint": ["python3", f"{PROCESSING_ROOT}/input/code/{self.script}"],
                "ContainerArguments": [*arguments, "--output", target],
            },
            "ProcessingInputs": [
                _processing_input("code", self.code_uri, f"{PROCESSING_ROOT}/input/code"),
                *(_processing_input(i.name, i.uri, folders[i.name]) for i in self.folders),
            ],
            "ProcessingOutputConfig": {
                "Outputs": [
                    {
                        "OutputName": self.output,
                        "S3Output": {
                            "S3Uri": f"{self.output_root.rstrip('/')}/{self.name}/{self.output}",
                            "LocalPath": target,
                            "S3UploadMode": "EndOfJob",
                        },
                    }
                ],
                "KmsKeyId": self.kms_key,
            },
            "ProcessingResources": {"ClusterConfig": _cluster(self.runs_on, self.compute)},
            "StoppingCondition": _limit(self.runs_on),
            **({"NetworkConfig": network} if (network := self.compute.network) else {}),
            "Environment": {INPUTS_VARIABLE: self.inputs},
            "Tags": _tags(tags),
        }


@dataclass(frozen=True)
class TrainingJob:
    """A training job: a script, its channels and hyperparameters."""

    subject: str
    script: str
    code: Code
    bundle_uri: str
    channels: Sequence[Input]
    candidate: str
    hyperparameters: Mapping[str, Any]
    output_root: str
    image: str
    runs_on: Resources
    compute: Compute
    role_arn: str
    kms_key: str
    metrics: Mapping[str, str]

    @property
    def inputs(self) -> str:
        """The digest of everything that the job's result depends on."""
        return inputs_digest(
            script=self.script,
            code=self.code.digest,
            channels={item.name: item.uri for item in self.channels},
            hyperparameters={name: str(value) for name, value in self.hyperparameters.items()},
            image=self.image,
        )

    @property
    def name(self) -> str:
        """The name of the job's first attempt."""
        return job_name(self.subject, TRAIN, self.inputs, label=self.candidate)

    def request(self, tags: Tags) -> dict[str, Any]:
        """Return the `CreateTrainingJob` request.

        In network isolation the container cannot download its code, which SageMaker then brings
        as a channel (as SageMaker's SDK does).
        """
        channels, source = list(self.channels), self.bundle_uri
        if self.compute.isolation:
            channels.append(Input(CODE_CHANNEL, self.bundle_uri))
            source = f"/opt/ml/input/data/{CODE_CHANNEL}/{Path(self.bundle_uri).name}"
        definitions = [{"Name": name, "Regex": rx} for name, rx in sorted(self.metrics.items())]
        return {
            "TrainingJobName": self.name,
            "RoleArn": self.role_arn,
            "AlgorithmSpecification": {
                "TrainingImage": self.image,
                "TrainingInputMode": "File",
                **({"MetricDefinitions": definitions} if definitions else {}),
            },
            "HyperParameters": {
                **{name: str(value) for name, value in self.hyperparameters.items()},
                "sagemaker_program": self.script,
                "sagemaker_submit_directory": source,
            },
            "InputDataConfig": [
                {
                    "ChannelName": channel.name,
                    "DataSource": {
                        "S3DataSource": {
                            "S3DataType": "S3Prefix",
                            "S3Uri": channel.uri,
                            "S3DataDistributionType": "FullyReplicated",
                        }
                    },
                }
                for channel in channels
            ],
            "OutputDataConfig": {"S3OutputPath": self.output_root, "KmsKeyId": self.kms_key},
            "ResourceConfig": _cluster(self.runs_on, self.compute),
            "StoppingCondition": _limit(self.runs_on),
            **self.compute.network,
            "Environment": {INPUTS_VARIABLE: self.inputs},
            "Tags": _tags(tags),
        }


def inputs_digest(**inputs: str | Mapping[str, str]) -> str:
    """Return the digest of named inputs (digests, URIs, versions), whatever their order."""
    return sha256(canonical_json(inputs))


def read_code(scripts: str, folder: Path | None = None) -> Code:
    """Read the scripts of a folder and those that all share, as they lie in a container.

    That is one folder, in which a script of its own takes the place of the shared one of that name.
    `sample.py` is left out: no job runs it. A use case without scripts of its own has the shared
    ones, which engineer its features.
    """
    root = folder or JOBS_DIR
    own, shared = (
        {path.name: path.read_bytes() for path in sorted((root / name).glob("*.py"))}
        for name in (scripts, SHARED)
    )
    own.pop("sample.py", None)
    return Code(shared | own)


def training_code(case: UseCase, model: ModelSpec, folder: Path | None = None) -> Code:
    """Read the scripts that a model is trained and evaluated with.

    Raises:
        ConfigError: there are none.
    """
    scripts = case.scripts_of(model)
    code = read_code(scripts, folder)
    if missing := [name for name in NEEDED if name not in code.files]:
        raise ConfigError(
            f"{(folder or JOBS_DIR) / scripts} has no {' and no '.join(missing)}",
            next_step=f"Write it, or name in training.scripts one of: {', '.join(SHIPPED)}.",
        )
    return code


def code_prefix(use_case: str, code: Code) -> str:
    """Return the S3 prefix of a use case's scripts at one content."""
    return f"jobs/{use_case}/code/{code.digest[:16]}"


def document_key(use_case: str, digest: str) -> str:
    """Return the key of a JSON document that a job reads, by its digest."""
    return f"jobs/{use_case}/documents/{digest[:16]}/contract.json"


def hyperparameters_of(described: Mapping[str, str]) -> dict[str, str]:
    """Return a training job's own hyperparameters, without those of script mode."""
    return {k: v for k, v in described.items() if not k.startswith("sagemaker_")}


def _processing_input(name: str, uri: str, path: str) -> dict[str, Any]:
    return {
        "InputName": name,
        "S3Input": {
            "S3Uri": uri,
            "LocalPath": path,
            "S3DataType": "S3Prefix",
            "S3InputMode": "File",
            "S3DataDistributionType": "FullyReplicated",
        },
    }


def _cluster(resources: Resources, compute: Compute) -> dict[str, Any]:
    return {
        "InstanceCount": resources.instance_count,
        "InstanceType": resources.instance_type,
        "VolumeSizeInGB": resources.volume_gb,
        **compute.volume,
    }


def _limit(resources: Resources) -> dict[str, int]:
    return {"MaxRuntimeInSeconds": resources.max_runtime_minutes * 60}


def _tags(tags: Tags) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]
