"""The run of a training job: a script by the contract of the training toolkit, or a command.

Hyperparameters that are JSON are decoded; those that begin with `sagemaker_` configure the toolkit,
the others are passed to the script as arguments, as `SM_HPS` and as `SM_HP_<NAME>`. A
`requirements.txt` in the source archive is not installed: `images.yaml` names the environment.

A `ContainerEntrypoint` runs in place of the toolkit, with the folders and config files of a
container under `/opt/ml` and no `SM_*` variables but the image's own: so SageMaker's SDK v3 trains.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from localaws.sagemaker.jobs.jobs import Job
from localaws.sagemaker.jobs.run import Cut, JobRun
from localaws.sagemaker.machine.archives import pack
from localaws.sagemaker.machine.failures import WorkFailedError
from localaws.sagemaker.machine.network import isolated
from localaws.sagemaker.machine.sources import source_code

HOST = "algo-1"
#: The toolkit in the container downloads the code, which a container without network cannot. The
#: words are not verified.
IN_ISOLATION = (
    "AlgorithmError: sagemaker_submit_directory is in S3, and in network isolation the container "
    "cannot download it; give the code as a channel"
)


def model_uri(job: Job) -> str:
    """Return the S3 URI of a training job's model."""
    return f"{_output_prefix(job)}/model.tar.gz"


def _output_prefix(job: Job) -> str:
    path = str(job.request["OutputDataConfig"]["S3OutputPath"])
    return f"{path.rstrip('/')}/{job.name}/output"


def decoded(hyperparameters: dict[str, str]) -> dict[str, Any]:
    """Return hyperparameters with JSON values decoded, other texts unchanged."""
    values: dict[str, Any] = {}
    for name, value in hyperparameters.items():
        try:
            values[name] = json.loads(value)
        except ValueError:
            values[name] = value
    return values


def arguments_of(hyperparameters: dict[str, Any]) -> list[str]:
    """Return hyperparameters as the toolkit passes them: `--name value`, sorted by name."""
    arguments = []
    for name in sorted(hyperparameters):
        value = hyperparameters[name]
        arguments += [f"--{name}" if len(name) > 1 else f"-{name}"]
        arguments += [json.dumps(value) if isinstance(value, dict | list) else str(value)]
    return arguments


class TrainingRun(JobRun):
    """The run of one training job."""

    def prepare(self) -> tuple[list[str], Path, dict[str, str]]:
        """Download code and channels; return command, directory and environment."""
        channels = {}
        for channel in self.job.request.get("InputDataConfig", []):
            name = channel["ChannelName"]
            channels[name] = self.sandbox.folder(f"/opt/ml/input/data/{name}")
            self.transfer.download(channel["DataSource"]["S3DataSource"]["S3Uri"], channels[name])
        self._write_configuration()
        environment = self.sandbox.environment(
            self.job.runtime, self.job.credentials, self.job.region, self.host.endpoint
        ) | {"TRAINING_JOB_NAME": self.job.name, "TRAINING_JOB_ARN": self.job.arn}
        algorithm = self.job.request["AlgorithmSpecification"]
        if algorithm.get("ContainerEntrypoint"):
            command = algorithm["ContainerEntrypoint"] + algorithm.get("ContainerArguments", [])
            environment |= self._image_variables() | self.job.request.get("Environment", {})
            return [self.sandbox.rewrite(part) for part in command], self.sandbox.root, environment
        hyperparameters = decoded(self.job.request["HyperParameters"])
        program = str(hyperparameters["sagemaker_program"])
        source = str(hyperparameters["sagemaker_submit_directory"])
        if source.startswith("s3://") and isolated(self.job.request):
            raise WorkFailedError(IN_ISOLATION)
        code = source_code(self.sandbox, self.transfer, source)
        if not (code / program).is_file():
            raise WorkFailedError(f"ClientError: the source archive has no {program}")
        own = {k: v for k, v in hyperparameters.items() if not k.startswith("sagemaker_")}
        arguments = arguments_of(own)
        environment |= self._variables(own, arguments, channels, program, code)
        environment |= self.job.request.get("Environment", {})
        return [str(self.job.runtime.python), program, *arguments], code, environment

    def _instance_type(self) -> str:
        resources = self.job.request.get("ResourceConfig", {})
        return str(resources.get("InstanceType", "ml.m5.large"))

    def _resources(self) -> dict[str, Any]:
        """Return `resourceconfig.json` (developer guide, "Distributed Training Configuration")."""
        kind = self._instance_type()
        group = {
            "instance_group_name": "homogeneousCluster",
            "instance_type": kind,
            "hosts": [HOST],
        }
        return {
            "current_host": HOST,
            "current_instance_type": kind,
            "current_group_name": "homogeneousCluster",
            "hosts": [HOST],
            "instance_groups": [group],
            "network_interface_name": "lo",
        }

    def _channels(self) -> dict[str, Any]:
        """Return `inputdataconfig.json` (developer guide, "Input Data Configuration")."""
        return {
            channel["ChannelName"]: {
                "TrainingInputMode": "File",
                "S3DistributionType": channel["DataSource"]["S3DataSource"].get(
                    "S3DataDistributionType", "FullyReplicated"
                ),
                "RecordWrapperType": channel.get("RecordWrapperType", "None"),
            }
            | ({"ContentType": channel["ContentType"]} if channel.get("ContentType") else {})
            for channel in self.job.request.get("InputDataConfig", [])
        }

    def _write_configuration(self) -> None:
        """Make the folders of a training container, and the config files in them."""
        for folder in ("model", "output/data", "code"):
            self.sandbox.folder(f"/opt/ml/{folder}")
        config = self.sandbox.folder("/opt/ml/input/config")
        for name, document in {
            "hyperparameters.json": self.job.request.get("HyperParameters", {}),
            "resourceconfig.json": self._resources(),
            "inputdataconfig.json": self._channels(),
        }.items():
            (config / name).write_text(json.dumps(document), encoding="utf-8")

    def _image_variables(self) -> dict[str, str]:
        """Return what the image's Dockerfile sets (aws/sagemaker-xgboost-container)."""
        config = self.sandbox.path("/opt/ml/input/config")
        return {
            "SM_INPUT": str(self.sandbox.path("/opt/ml/input")),
            "SM_INPUT_TRAINING_CONFIG_FILE": str(config / "hyperparameters.json"),
            "SM_INPUT_DATA_CONFIG_FILE": str(config / "inputdataconfig.json"),
            "SM_CHECKPOINT_CONFIG_FILE": str(config / "checkpointconfig.json"),
            "SM_MODEL_DIR": str(self.sandbox.path("/opt/ml/model")),
        }

    def _variables(
        self,
        hyperparameters: dict[str, Any],
        arguments: list[str],
        channels: dict[str, Path],
        program: str,
        code: Path,
    ) -> dict[str, str]:
        """Return the `SM_*` variables of the training toolkit."""
        folder = self.sandbox.folder
        plain: dict[str, Any] = {
            "hosts": [HOST],
            "current_host": HOST,
            "current_instance_type": self._instance_type(),
            "network_interface_name": "lo",
            "num_cpus": os.cpu_count() or 1,
            "num_gpus": 0,
            "log_level": 20,
            "channels": sorted(channels),
            "user_entry_point": program,
            "module_name": Path(program).stem,
            "module_dir": str(code),
            "user_args": arguments,
            "hps": hyperparameters,
            "resource_config": self._resources(),
            "input_data_config": self._channels(),
            "model_dir": str(folder("/opt/ml/model")),
            "input_dir": str(folder("/opt/ml/input")),
            "input_config_dir": str(folder("/opt/ml/input/config")),
            "output_dir": str(folder("/opt/ml/output")),
            "output_data_dir": str(folder("/opt/ml/output/data")),
            "output_intermediate_dir": str(folder("/opt/ml/output/intermediate")),
        }
        variables = {f"SM_{name.upper()}": _text(value) for name, value in plain.items()}
        variables |= {f"SM_CHANNEL_{name.upper()}": str(path) for name, path in channels.items()}
        variables |= {f"SM_HP_{name.upper()}": _text(v) for name, v in hyperparameters.items()}
        variables |= {
            "SM_TRAINING_ENV": json.dumps(plain),
        }
        return variables

    def deliver(self, cut: Cut | None) -> None:
        """Upload model and output, also those of a stopped job."""
        self._upload("/opt/ml/model", "model.tar.gz")
        self.after_failure()

    def after_failure(self) -> None:
        """Upload the output data, as SageMaker does for failed jobs too."""
        if any(self.sandbox.folder("/opt/ml/output/data").iterdir()):
            self._upload("/opt/ml/output/data", "output.tar.gz")

    def _upload(self, folder: str, name: str) -> None:
        archive = self.sandbox.root / name
        pack(self.sandbox.folder(folder), archive)
        key = self.job.request["OutputDataConfig"].get("KmsKeyId")
        self.transfer.upload(archive, f"{_output_prefix(self.job)}/{name}", key)

    def failure_reason(self, status: int) -> str:
        """Return what the script wrote to `/opt/ml/output/failure`, or its last lines."""
        written = self.sandbox.path("/opt/ml/output/failure")
        if written.is_file():
            text = written.read_text(encoding="utf-8", errors="replace")
            return f"AlgorithmError: {text[:900]}, exit code: {status}"
        return (
            f"AlgorithmError: ExecuteUserScriptError: ExitCode {status} "
            f"ErrorMessage: {self.log.tail()[-850:]}, exit code: {status}"
        )


def _text(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
