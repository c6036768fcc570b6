"""A sandbox stands in for /opt/ml."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from localaws.sagemaker.machine.sandbox import Sandbox


@pytest.fixture
def sandbox(tmp_path: Path) -> Iterator[Sandbox]:
    directory = Sandbox(tmp_path, "job")
    yield directory
    directory.close()
    assert not directory.root.exists()


def test_container_paths_are_rewritten_and_nothing_else(sandbox: Sandbox) -> None:
    assert sandbox.rewrite("/opt/ml/processing/x") == f"{sandbox.ml}/processing/x"
    assert sandbox.rewrite("--out=/opt/ml/model") == f"--out={sandbox.ml}/model"
    assert sandbox.rewrite("/opt/ml") == str(sandbox.ml)
    for other in ("/opt/mlflow", "/usr/opt/ml/x", "max_depth", "s3://bucket/opt/ml/x"):
        assert sandbox.rewrite(other) == other


@pytest.mark.parametrize("path", ["/etc/passwd", "/opt/ml/../../etc", "relative", "/opt/mlx"])
def test_path_outside_is_refused(sandbox: Sandbox, path: str) -> None:
    with pytest.raises(ValueError, match="not under /opt/ml"):
        sandbox.folder(path)


def test_sandbox_is_private(sandbox: Sandbox) -> None:
    assert sandbox.root.stat().st_mode & 0o077 == 0
