"""The model server itself: a script on its own, asked over HTTP."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from localaws.sagemaker.hosting.model_server import HOST
from localaws.sagemaker.hosting.serving_host import TOKEN
from tests.localaws.sagemaker.work import archive

SCRIPT = "def transform_fn(model, body, content_type, accept):\n    return body, content_type\n"


class Host:
    """A running model server."""

    def __init__(self, folder: Path, body: bytes) -> None:
        (folder / "model.tar.gz").write_bytes(body)
        reader, writer = os.pipe()
        self.process = subprocess.Popen(
            [
                *(sys.executable, "-P", str(HOST), str(folder / "model.tar.gz")),
                *(str(folder / "in" / "model"), str(writer)),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            pass_fds=(writer,),
            env={"PATH": "/usr/bin:/bin", "LOCALAWS_SERVING_TOKEN": "secret"},
        )
        os.close(writer)
        with os.fdopen(reader) as pipe:
            self.report = json.loads(pipe.readline())

    def ask(self, body: bytes, token: str) -> bytes:
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.report['port']}/invocations",
            data=body,
            headers={TOKEN: token, "Content-Type": "text/csv"},
        )
        with urllib.request.urlopen(request, timeout=10) as reply:
            return bytes(reply.read())


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    running = Host(tmp_path, archive({"code/inference.py": SCRIPT}))
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


@pytest.mark.parametrize(
    ("files", "why"),
    [
        ({"code/inference.py": SCRIPT, "../../evil": "x"}, "OutsideDestinationError"),
        ({"model.json": "{}"}, "no code/inference.py"),
        ({"code/inference.py": "import nothing_like_it"}, "nothing_like_it"),
        ({"code/inference.py": "x = 1"}, "no model_fn"),
    ],
)
def test_model_that_cannot_be_served_is_reported(
    tmp_path: Path, files: dict[str, str | bytes], why: str
) -> None:
    host = Host(tmp_path, archive(files))
    assert host.process.wait(10) == 1
    assert why in host.report["error"]
    assert not (tmp_path / "evil").exists()
