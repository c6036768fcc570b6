"""One production variant's model server: it serves model data from S3 in a process of its own."""

from __future__ import annotations

import http.client
import secrets
import subprocess
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localaws.identity.credentials import Credentials
from localaws.kit.capabilities import Host
from localaws.kit.service import ServiceError
from localaws.sagemaker.hosting.serving_host import TOKEN
from localaws.sagemaker.hosting.serving_process import ServingProcess
from localaws.sagemaker.jobs.log import JobLog
from localaws.sagemaker.machine import mounts, network
from localaws.sagemaker.machine.archives import unpack
from localaws.sagemaker.machine.failures import WorkFailedError
from localaws.sagemaker.machine.images import Environment
from localaws.sagemaker.machine.processes import Child, ProcessTable
from localaws.sagemaker.machine.sandbox import Sandbox
from localaws.sagemaker.machine.sources import source_code
from localaws.sagemaker.machine.transfer import Transfer

HOST = Path(__file__).with_name("serving_host.py")
SUBMIT_DIRECTORY = "SAGEMAKER_SUBMIT_DIRECTORY"
CUSTOM = "X-Amzn-SageMaker-Custom-Attributes"
INVOCATION = 60.0  # SageMaker: a container has 60 s to answer
DRAIN = 5.0  # real seconds for running requests when their server is replaced


@dataclass(frozen=True)
class Container:
    """What a variant runs: the image's environment, the model data and the script's variables."""

    runtime: Environment
    model_data_url: str
    environment: dict[str, str]


@dataclass(frozen=True)
class Answer:
    """A model server's reply."""

    status: int
    body: bytes
    content_type: str
    custom_attributes: str | None


@dataclass(frozen=True)
class Placement:
    """What a server runs for: the endpoint, its variant and the role."""

    account: str
    region: str
    endpoint: str
    variant: str
    role_arn: str
    assume: Callable[[], Credentials]
    model: Mapping[str, Any]
    volume_key: str | None = None
    concurrency: int | None = None


class ModelServer:
    """A model server; `start` returns as soon as it answers."""

    def __init__(self, host: Host, placement: Placement, container: Container) -> None:
        self._host = host
        self._placement = placement
        self._container = container
        self._token = secrets.token_hex(16)
        self._idle = threading.Condition()
        self._running = 0
        self._process: ServingProcess | None = None
        self._credentials = placement.assume()
        self._sandbox = Sandbox(host.work_dir, f"{placement.endpoint}-{placement.variant}")
        self.log = JobLog(
            lambda: self._client("logs"),
            host.clock,
            f"/aws/sagemaker/Endpoints/{placement.endpoint}",
            f"{placement.variant}/i-{secrets.token_hex(8)}",
            [],
        )

    def _renewed(self) -> Credentials:
        """Return credentials of the role that have not expired; an endpoint outlives its first."""
        expires = self._credentials.expires
        if expires is not None and expires <= self._host.clock.now():
            self._credentials = self._placement.assume()
        return self._credentials

    def _client(self, service: str) -> Any:
        return self._host.client(service, self._renewed(), self._placement.region)

    def start(self) -> None:
        """Download the model with its role and load it.

        Raises:
            WorkFailedError: the data cannot be downloaded, or the model does not load.
        """
        placement, box = self._placement, self._sandbox
        network.require_role(
            self._host,
            self._credentials,
            placement.region,
            placement.model,
            placement.volume_key,
        )
        archive = box.root / "model.tar.gz"
        transfer = Transfer(self._client("s3"), placement.role_arn)
        transfer.download_file(self._container.model_data_url, archive)
        model = box.folder("/opt/ml/model")
        unpack(archive, model)
        code = self._code(transfer)
        command = self._command(model, code)
        self._process = ServingProcess(
            ProcessTable.of(self._host),
            lambda pipe, listener: self._launch(command, model, pipe, listener),
            self.log,
        )
        problem = self._process.start()
        if problem is not None:
            self.stop()
            raise self._unhealthy(problem)
        self._host.background(self._process.watch)

    def _command(self, model: Path, code: Path) -> list[str]:
        runtime = self._container.runtime
        # -P: keeps the host's own folder off the module path of the model's script
        return [str(runtime.python), "-P", str(HOST), runtime.name, str(model), str(code)]

    def _launch(self, command: list[str], model: Path, pipe: int, listener: int) -> Child:
        box, isolated = self._sandbox, network.isolated(self._placement.model)
        variables = box.environment(
            self._container.runtime, self._renewed(), self._placement.region, self._host.endpoint
        ) | {"SM_MODEL_DIR": str(model), **self._container.environment}
        if isolated:
            for name in network.CREDENTIALS:
                del variables[name]
            if not mounts.available(isolated=True):
                self.log.write(mounts.NOT_ISOLATED)
        variables["LOCALAWS_SERVING_TOKEN"] = self._token
        return Child(
            ProcessTable.of(self._host),
            box.enclosed([*command, str(pipe), str(listener)], isolated=isolated),
            cwd=box.root,
            env=variables,
            on_line=self.log.write,
            pass_fds=(pipe, listener),
            stdin=subprocess.PIPE,
        )

    def _code(self, transfer: Transfer) -> Path:
        """Return the folder of the script; the container itself gets it from S3, with the role.

        An archive is downloaded only for a container that has a script to run.
        """
        variables = self._container.environment
        source = variables.get(SUBMIT_DIRECTORY) if variables.get("SAGEMAKER_PROGRAM") else None
        if source and source.startswith("s3://") and network.isolated(self._placement.model):
            raise self._unhealthy(f"{SUBMIT_DIRECTORY} is in S3; the container has no network")
        try:
            return source_code(self._sandbox, transfer, source)
        except WorkFailedError as error:
            raise self._unhealthy(error.reason) from error

    def _unhealthy(self, said: str) -> WorkFailedError:
        return WorkFailedError(
            f"The primary container for production variant {self._placement.variant} did not pass "
            f"the ping health check. Please check CloudWatch logs for this endpoint. "
            f"({self.log.group}: {said})"
        )

    @property
    def serves(self) -> bool:
        """Whether its process answers; it does not while one that ended is replaced."""
        return self._process is not None and self._process.port is not None

    def invoke(
        self, body: bytes, content_type: str | None, accept: str | None, custom: str | None
    ) -> Answer:
        """Ask the model.

        Raises:
            ConnectionRefusedError: no process serves; one that ended is being replaced.
            ConnectionError: the process ended while it answered.
            TimeoutError: it did not answer in time.
            ServiceError: ThrottlingException when a serverless variant is as busy as it may be
                (developer guide, "Invoke a serverless endpoint"; the words are not verified).
        """
        headers = {TOKEN: self._token}
        headers |= {"Content-Type": content_type} if content_type else {}
        headers |= {"Accept": accept} if accept else {}
        headers |= {CUSTOM: custom} if custom else {}
        port = self._process.port if self._process is not None else None
        if port is None:
            raise ConnectionRefusedError("no process serves the model")
        limit = self._placement.concurrency
        with self._idle:
            if limit is not None and self._running >= limit:
                raise ServiceError("ThrottlingException", "Rate exceeded", 429)
            self._running += 1
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=INVOCATION)
        try:
            connection.request("POST", "/invocations", body=body, headers=headers)
            reply = connection.getresponse()
            return Answer(
                reply.status,
                reply.read(),
                reply.getheader("Content-Type") or "application/octet-stream",
                reply.getheader(CUSTOM),
            )
        except http.client.HTTPException as error:
            raise ConnectionError(f"the model server closed the connection: {error!r}") from error
        finally:
            connection.close()
            with self._idle:
                self._running -= 1
                self._idle.notify_all()

    def retire(self) -> None:
        """Wait for running requests, then stop."""
        with self._idle:
            self._idle.wait_for(lambda: self._running == 0, DRAIN)
        self.stop()

    def stop(self) -> None:
        """End the process and remove its files."""
        if self._process is not None:
            self._process.stop()
        self.log.flush()
        self._sandbox.close()
