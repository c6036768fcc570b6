"""The directory that stands in for a container's `/opt/ml`, and its environment.

There are no containers here: a script gets its directories from `SM_*` variables and from its
arguments, in which paths beginning with `/opt/ml` (alone or after a `=`) are rewritten into the
sandbox. Where the machine allows it, the sandbox also is the script's `/opt/ml` (`mounts.py`). A
script inherits no variable of the server, and what it installs with pip goes into the sandbox. The
file system is *not* isolated: run only scripts that you trust.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from localaws.identity.credentials import Credentials
from localaws.sagemaker.machine import mounts
from localaws.sagemaker.machine.images import Environment

_CONTAINER_PATH = re.compile(r"(^|=)/opt/ml(?=/|$)")
SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"


class Sandbox:
    """One private directory tree; removed by `close`."""

    def __init__(self, work_dir: Path, name: str) -> None:
        self.root = Path(tempfile.mkdtemp(prefix=f"{name[:40]}-", dir=work_dir))
        self.ml = self.root / "opt" / "ml"
        for folder in (self.ml, self.root / "home", self.root / "tmp"):
            folder.mkdir(parents=True)

    def path(self, container_path: str) -> Path:
        """Return the real path of a path under `/opt/ml`; ValueError for any other."""
        if not _CONTAINER_PATH.match(container_path) or ".." in Path(container_path).parts:
            raise ValueError(f"{container_path!r} is not under /opt/ml")
        return Path(self.rewrite(container_path))

    def folder(self, container_path: str) -> Path:
        """Return a directory under `/opt/ml`, created if missing."""
        folder = self.path(container_path)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def rewrite(self, argument: str) -> str:
        """Return an argument with its container paths replaced by sandbox paths."""
        return _CONTAINER_PATH.sub(lambda match: f"{match.group(1)}{self.ml}", argument)

    def enclosed(self, command: Sequence[str], *, isolated: bool = False) -> list[str]:
        """Return a command that sees the sandbox as `/opt/ml`, where the machine allows it.

        In network isolation it reaches nothing but its own loopback, where the machine allows that.
        """
        if not mounts.available():
            return list(command)
        scratch = self.root / "mounts"
        scratch.mkdir(exist_ok=True)
        alone = isolated and mounts.available(isolated=True)
        return mounts.inside(command, self.ml, scratch, isolated=alone)

    def environment(
        self, runtime: Environment, credentials: Credentials, region: str, endpoint: str
    ) -> dict[str, str]:
        """Return the variables of every job and model server; none are inherited."""
        return {
            "PATH": f"{runtime.python.parent}:{SYSTEM_PATH}",
            "LANG": "C.UTF-8",
            "HOME": str(self.root / "home"),
            "TMPDIR": str(self.root / "tmp"),
            "PYTHONUNBUFFERED": "1",  # log lines are not buffered
            "PYTHONPATH": str(self.root / "packages"),
            "PIP_TARGET": str(self.root / "packages"),
            "AWS_ACCESS_KEY_ID": credentials.access_key_id,
            "AWS_SECRET_ACCESS_KEY": credentials.secret,
            "AWS_SESSION_TOKEN": credentials.token or "",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def close(self) -> None:
        """Remove the directory and its content."""
        shutil.rmtree(self.root, ignore_errors=True)
