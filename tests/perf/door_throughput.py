"""D1, D2: calls a second through the local AWS with enforcement on, beside plain moto's server.

Both servers are processes of their own and get the same requests, signed beforehand, each over a
connection of its own: moto's server keeps none, and what ours would gain by it is no merit of its
door. Ours come from a session of a role that may do just this, as the shipped roles may: every
call is verified, judged and recorded.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

from stack import layout
from stack.processes import free_port
from tests.perf.figures import REPETITIONS, ROOT, Figure, interleaved

REGION = "eu-central-1"
ACCOUNT = "444444444444"
CLIENTS = 4
CALLS = 600  # of one repetition, by all clients
TABLE, GROUP, ROLE = "bench", "bench", "bench"
GOAL = "not slower than half of moto's server (ratio >= 0.5)"
POLICY = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "StageTable",
            "Effect": "Allow",
            "Action": ["dynamodb:GetItem", "dynamodb:PutItem", "dynamodb:UpdateItem"],
            "Resource": f"arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/{TABLE}",
        },
        {
            "Sid": "Registry",
            "Effect": "Allow",
            "Action": ["sagemaker:DescribeModelPackage", "sagemaker:ListModelPackages"],
            "Resource": [
                f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package/{GROUP}/*",
                f"arn:aws:sagemaker:{REGION}:{ACCOUNT}:model-package-group/{GROUP}",
            ],
        },
        {
            "Sid": "OnlyTls",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        },
    ],
}


@dataclass(frozen=True)
class Server:
    """A server to measure: where it is, and who signs."""

    endpoint: str
    signer: Credentials

    def client(self, service: str, signer: Credentials | None = None) -> Any:
        keys = signer or self.signer
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.endpoint,
            aws_access_key_id=keys.access_key,
            aws_secret_access_key=keys.secret_key,
            aws_session_token=keys.token,
            config=Config(retries={"max_attempts": 0}),
        )


def measure(repetitions: int = REPETITIONS) -> dict[str, Figure]:
    """Measure both operations on both servers, one after the other, again and again."""
    with tempfile.TemporaryDirectory() as name, _ours(Path(name)) as ours, _moto() as moto:
        puts = {"ours": _puts(ours), "moto": _puts(moto)}
        reads = {"ours": _reads(ours), "moto": _reads(moto)}
        rates = interleaved(
            {
                f"{operation} {server}": _rate(endpoint, requests[server])
                for operation, requests in (("D1", puts), ("D2", reads))
                for server, endpoint in (("ours", ours.endpoint), ("moto", moto.endpoint))
            },
            repetitions,
        )
    return {
        number: _figure(what, rates[f"{number} ours"], rates[f"{number} moto"])
        for number, what in (("D1", "DynamoDB PutItem"), ("D2", "DescribeModelPackage"))
    }


def _figure(what: str, ours: float, moto: float) -> Figure:
    return Figure(
        ours=round(ours, 1),
        unit=f"{what} calls/s",
        goal=GOAL,
        met=ours >= moto / 2,
        peers={"moto's server": round(moto, 1)},
        ratio=round(ours / moto, 2),
        note=f"{CLIENTS} clients, {CALLS} calls a repetition, each over a new connection on both "
        "servers; enforcement on",
    )


# --------------------------------------------------------------------------------- servers
@contextlib.contextmanager
def _ours(folder: Path) -> Iterator[Server]:
    description = folder / "localaws.json"
    arguments = ("-m", "localaws", "--topology", str(layout.TOPOLOGY))
    options = ("--describe", str(description), "--port", str(free_port(15566)))
    with _process(folder / "localaws.log", *arguments, *options):
        _until(description.exists, "the local AWS")
        described = json.loads(description.read_text())
        (keys,) = (one for one in described["accounts"].values() if one["id"] == ACCOUNT)
        admin = Server(
            described["endpoint"], Credentials(keys["access_key_id"], keys["secret_access_key"])
        )
        _prepare(admin)
        trust = {"Effect": "Allow", "Principal": {"AWS": ACCOUNT}, "Action": "sts:AssumeRole"}
        iam = admin.client("iam")
        made = iam.create_role(
            RoleName=ROLE,
            AssumeRolePolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [trust]}),
        )
        iam.put_role_policy(RoleName=ROLE, PolicyName="p", PolicyDocument=json.dumps(POLICY))
        session = admin.client("sts").assume_role(
            RoleArn=made["Role"]["Arn"], RoleSessionName="bench"
        )["Credentials"]
        yield Server(
            admin.endpoint,
            Credentials(
                session["AccessKeyId"], session["SecretAccessKey"], session["SessionToken"]
            ),
        )


@contextlib.contextmanager
def _moto() -> Iterator[Server]:
    port = free_port(16566)
    with (
        tempfile.TemporaryDirectory() as name,
        _process(Path(name) / "moto.log", "-m", "moto.server", "-p", str(port)),
    ):
        server = Server(f"http://127.0.0.1:{port}", Credentials("bench", "bench"))
        _until(lambda: _answers(port), "moto's server")
        _prepare(server)
        yield server


@contextlib.contextmanager
def _process(log: Path, *arguments: str) -> Iterator[None]:
    environment = os.environ | {"PYTHONPATH": str(ROOT / "include"), "PYTHONUNBUFFERED": "1"}
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, *arguments], env=environment, stdout=out, stderr=subprocess.STDOUT
        )
        try:
            yield
        finally:
            process.terminate()
            process.wait(20)


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
        connection.request("GET", "/moto-api/")
        return connection.getresponse().status < 500
    return False


def _until(look: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 60
    while not look():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what} did not start in 60 s")
        time.sleep(0.1)


def _prepare(server: Server) -> None:
    server.client("dynamodb").create_table(
        TableName=TABLE,
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    registry = server.client("sagemaker")
    registry.create_model_package_group(
        ModelPackageGroupName=GROUP, ModelPackageGroupDescription="measured"
    )
    image = f"{ACCOUNT}.dkr.ecr.{REGION}.amazonaws.com/bench:1"
    registry.create_model_package(
        ModelPackageGroupName=GROUP,
        ModelPackageDescription="measured",
        InferenceSpecification={
            "Containers": [{"Image": image, "ModelDataUrl": "s3://bench/model.tar.gz"}],
            "SupportedContentTypes": ["text/csv"],
            "SupportedResponseMIMETypes": ["text/csv"],
        },
    )


# -------------------------------------------------------------------------------- requests
def _puts(server: Server) -> list[AWSRequest]:
    return [
        _signed(
            server,
            "dynamodb",
            "DynamoDB_20120810.PutItem",
            "1.0",
            {
                "TableName": TABLE,
                "Item": {
                    "pk": {"S": f"VERSION#{number}"},
                    "status": {"S": "pending"},
                    "attempt": {"N": "1"},
                    "digest": {"S": "a" * 64},
                },
            },
        )
        for number in range(CALLS)
    ]


def _reads(server: Server) -> list[AWSRequest]:
    listed = server.client("sagemaker").list_model_packages(ModelPackageGroupName=GROUP)
    arn = listed["ModelPackageSummaryList"][0]["ModelPackageArn"]
    request = _signed(
        server,
        "sagemaker",
        "SageMaker.DescribeModelPackage",
        "1.1",
        {"ModelPackageName": arn},
    )
    return [request] * CALLS


def _signed(
    server: Server, service: str, target: str, version: str, document: dict[str, Any]
) -> Any:
    headers = {
        "Content-Type": f"application/x-amz-json-{version}",
        "X-Amz-Target": target,
        "Host": urlsplit(server.endpoint).netloc,
    }
    body = json.dumps(document)
    request = AWSRequest("POST", f"{server.endpoint}/", headers=headers, data=body)
    SigV4Auth(server.signer, service, REGION).add_auth(request)
    return request.prepare()


def _rate(endpoint: str, requests: list[Any]) -> Callable[[], float]:
    """Return what sends all requests once and tells how many were answered a second."""
    host = urlsplit(endpoint).netloc

    def send(part: list[Any], gate: threading.Barrier) -> None:
        gate.wait(60)
        for request in part:
            connection = http.client.HTTPConnection(host, timeout=60)
            headers = {**request.headers, "Connection": "close"}
            connection.request("POST", "/", request.body, headers)
            reply = connection.getresponse()
            content = reply.read()
            connection.close()
            if reply.status != 200:
                raise AssertionError(f"{reply.status}: {content[:500]!r}")

    def once() -> float:
        gate = threading.Barrier(CLIENTS + 1)
        with ThreadPoolExecutor(CLIENTS) as threads:
            sent = [threads.submit(send, requests[i::CLIENTS], gate) for i in range(CLIENTS)]
            gate.wait(60)
            started = time.perf_counter()
            for one in sent:
                one.result()
            return len(requests) / (time.perf_counter() - started)

    return once


if __name__ == "__main__":
    for figure_name, found in measure().items():
        sys.stdout.write(f"{figure_name}: {found}\n")
