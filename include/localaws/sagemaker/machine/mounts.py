"""Lets a process see its sandbox as `/opt/ml`, as in a container.

Scripts name their folders literally: a processing job has no `SM_*` variables. In a user and mount
namespace of its own (`unshare`, util-linux) a process needs no root for that. Where the machine
allows no such namespaces, `/opt/ml` does not exist: `available` says so, and jobs announce it.
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

#: What a job without namespaces is told in its log.
ABSENT: Final = (
    "local AWS: this machine allows no user namespaces, so no path under /opt/ml exists; "
    "use the SM_* variables and the arguments"
)

# $1 is the sandbox's /opt/ml, $2 an empty folder. Without an /opt/ml to mount over, /opt is
# replaced by a folder with the same entries and one more.
_SCRIPT: Final = """
set -e
if [ -d /opt/ml ]; then
  mount --bind "$1" /opt/ml
else
  mount -t tmpfs tmpfs "$2"
  for entry in /opt/*; do
    target="$2/${entry##*/}"
    if [ -L "$entry" ]; then cp -P "$entry" "$target"
    elif [ -d "$entry" ]; then mkdir "$target"; mount --rbind "$entry" "$target"
    fi
  done
  mkdir "$2/ml"
  mount --bind "$1" "$2/ml"
  mount --rbind "$2" /opt
fi
shift 2
unset PWD OLDPWD SHLVL
exec "$@"
"""


def inside(command: Sequence[str], ml: Path, scratch: Path) -> list[str]:
    """Return the command that runs another with a folder as its `/opt/ml`.

    `scratch` is an empty folder that lives as long as the process.
    """
    unshare = shutil.which("unshare") or "unshare"
    return [unshare, "-Urm", "/bin/sh", "-c", _SCRIPT, "sh", str(ml), str(scratch), *command]


@cache
def available() -> bool:
    """Try once whether this machine allows it."""
    with tempfile.TemporaryDirectory() as folder:
        ml, scratch = Path(folder, "ml"), Path(folder, "scratch")
        ml.mkdir()
        scratch.mkdir()
        (ml / "seen").touch()
        try:
            tried = subprocess.run(
                inside(["test", "-f", "/opt/ml/seen"], ml, scratch),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=10,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return tried.returncode == 0
