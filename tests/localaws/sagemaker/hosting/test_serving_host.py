"""The model server itself: a script on its own, asked over HTTP."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from localaws.sagemaker.hosting.model_server import HOST
from localaws.sagemaker.hosting.serving_host import TOKEN

SCRIPT = (
    "def model_fn(folder):\n    return None\n"
    "def transform_fn(model, body, content_type, accept):\n    return body, content_type\n"
)


class Host:
    """A running model server."""

    def __init__(self, folder: Path, script: str) -> None:
        (folder / "inference.py").write_text(script)
        reader, writer = os.pipe()
        listener = socket.create_server(("127.0.0.1", 0))
        self.port = listener.getsockname()[1]
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-P", str(HOST), "xgboost", str(folder), str(folder)),
                *(str(writer), str(listener.fileno())),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(writer, listener.fileno()),
            env={"LOCALAWS_SERVING_TOKEN": "secret", "SAGEMAKER_PROGRAM": "inference.py"},
        )
        os.close(writer)
        listener.close()
        with os.fdopen(reader) as pipe:
            self.report = json.loads(pipe.readline())

    def ask(self, body: bytes, token: str) -> bytes:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/invocations",
            data=body,
            headers={TOKEN: token, "Content-Type": "text/csv"},
        )
        with urllib.request.urlopen(request, timeout=10) as reply:
            return bytes(reply.read())


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    running = Host(tmp_path, SCRIPT)
    yield running
    running.process.kill()
    running.process.wait()


def test_only_the_local_aws_is_answered(host: Host) -> None:
    assert host.ask(b"1,2", "secret") == b"1,2"
    with pytest.raises(urllib.error.HTTPError) as error:
        host.ask(b"1,2", "guess")
    assert error.value.code == 403


def test_server_ends_with_its_parent(host: Host) -> None:
    assert host.process.stdin is not None
    host.process.stdin.close()
    assert host.process.wait(10) == 0


def test_error_while_loading_is_reported(tmp_path: Path) -> None:
    host = Host(tmp_path, "import nothing_like_it")
    assert host.process.wait(10) == 1
    assert "nothing_like_it" in host.report["error"]
