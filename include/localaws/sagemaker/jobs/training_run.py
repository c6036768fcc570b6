"""The run of a training job: the script-mode contract of the SageMaker training toolkit.

Hyperparameters that are JSON are decoded; those that begin with `sagemaker_` configure the toolkit,
the others are passed to the script as arguments, as `SM_HPS` and as `SM_HP_<NAME>`. A
`requirements.txt` in the source archive is not installed: `images.yaml` names the environment.
"""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

from localaws.sagemaker.jobs.jobs import Job
from localaws.sagemaker.jobs.run import Cut, JobRun
from localaws.sagemaker.machine.archives import pack, unpack
from localaws.sagemaker.machine.failures import WorkFailedError

HOST = "algo-1"


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
        """Download code and channels; return the script's command, directory and environment."""
        hyperparameters = decoded(self.job.request["HyperParameters"])
        program = str(hyperparameters["sagemaker_program"])
        code = self._code(str(hyperparameters["sagemaker_submit_directory"]))
        if not (code / program).is_file():
            raise WorkFailedError(f"ClientError: the source archive has no {program}")
        channels = {}
        for channel in self.job.request.get("InputDataConfig", []):
            name = channel["ChannelName"]
            channels[name] = self.sandbox.folder(f"/opt/ml/input/data/{name}")
            self.transfer.download(channel["DataSource"]["S3DataSource"]["S3Uri"], channels[name])
        own = {k: v for k, v in hyperparameters.items() if not k.startswith("sagemaker_")}
        arguments = arguments_of(own)
        environment = self.sandbox.environment(
            self.job.runtime, self.job.credentials, self.job.region, self.host.endpoint
        )
        environment |= self._variables(own, arguments, channels, program, code)
        environment |= self.job.request.get("Environment", {})
        return [str(self.job.runtime.python), program, *arguments], code, environment

    def _code(self, source: str) -> Path:
        code = self.sandbox.folder("/opt/ml/code")
        if source.startswith("s3://"):
            archive = self.sandbox.root / "sourcedir.tar.gz"
            self.transfer.download_file(source, archive)
            unpack(archive, code)
        else:
            try:
                shutil.copytree(self.sandbox.path(source), code, dirs_exist_ok=True)
            except (ValueError, OSError) as error:
                raise WorkFailedError(
                    f"ClientError: sagemaker_submit_directory: {error}"
                ) from error
        return code

    def _variables(
        self,
        hyperparameters: dict[str, Any],
        arguments: list[str],
        channels: dict[str, Path],
        program: str,
        code: Path,
    ) -> dict[str, str]:
        """Return the `SM_*` variables, and write the container's config files they mirror."""
        folder = self.sandbox.folder
        resources = {"current_host": HOST, "hosts": [HOST], "network_interface_name": "lo"}
        instance = self.job.request.get("ResourceConfig", {}).get("InstanceType", "ml.m5.large")
        plain: dict[str, Any] = {
            "hosts": [HOST],
            "current_host": HOST,
            "current_instance_type": instance,
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
            "resource_config": resources,
            "input_data_config": self.job.request.get("InputDataConfig", []),
            "model_dir": str(folder("/opt/ml/model")),
            "input_dir": str(folder("/opt/ml/input")),
            "input_config_dir": str(folder("/opt/ml/input/config")),
            "output_dir": str(folder("/opt/ml/output")),
            "output_data_dir": str(folder("/opt/ml/output/data")),
            "output_intermediate_dir": str(folder("/opt/ml/output/intermediate")),
        }
        config = folder("/opt/ml/input/config")
        for name, document in {
            "hyperparameters.json": self.job.request["HyperParameters"],
            "resourceconfig.json": resources,
            "inputdataconfig.json": plain["input_data_config"],
        }.items():
            (config / name).write_text(json.dumps(document), encoding="utf-8")
        variables = {f"SM_{name.upper()}": _text(value) for name, value in plain.items()}
        variables |= {f"SM_CHANNEL_{name.upper()}": str(path) for name, path in channels.items()}
        variables |= {f"SM_HP_{name.upper()}": _text(v) for name, v in hyperparameters.items()}
        variables |= {
            "SM_TRAINING_ENV": json.dumps(plain),
            "TRAINING_JOB_NAME": self.job.name,
            "TRAINING_JOB_ARN": self.job.arn,
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
