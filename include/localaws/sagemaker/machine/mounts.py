"""Lets a process see its sandbox as `/opt/ml`, as in a container.

Scripts name their folders literally: a processing job has no `SM_*` variables. In a user and mount
namespace of its own (`unshare`, util-linux) a process needs no root for that. Where the machine
allows no such namespaces, `/opt/ml` does not exist: `available` says so, and jobs announce it.
In network isolation the process has a network namespace of its own, too, with its loopback alone.
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
#: What a job in network isolation is told in its log, where it cannot be isolated.
NOT_ISOLATED: Final = (
    "local AWS: this machine allows no network namespaces, so this job has a network; on AWS it "
    "has none"
)

# $1 is the sandbox's /opt/ml, $2 an empty folder. Without an /opt/ml to mount over, /opt is
# replaced by a folder with the same entries and one more.
_SCRIPT: Final = """
set -e
if [ "$3" = isolated ]; then PATH="$PATH:/usr/sbin:/sbin" ip link set lo up || :; fi
if [ -d /opt/ml ]; then
  mount --bind "$1" /opt/ml
else
  mount -t tmpfs tmpfs "$2"
  for entry in /opt/* /opt/.[!.]*; do
    target="$2/${entry##*/}"
    if [ -L "$entry" ]; then cp -P "$entry" "$target"
    elif [ -d "$entry" ]; then mkdir "$target"; mount --rbind "$entry" "$target"
    elif [ -e "$entry" ]; then : > "$target"; mount --bind "$entry" "$target"
    fi
  done
  mkdir "$2/ml"
  mount --bind "$1" "$2/ml"
  mount --rbind "$2" /opt
fi
shift 3
unset PWD OLDPWD SHLVL
exec "$@"
"""


def inside(command: Sequence[str], ml: Path, scratch: Path, *, isolated: bool = False) -> list[str]:
    """Return the command that runs another with a folder as its `/opt/ml`, isolated if asked.

    `scratch` is an empty folder that lives as long as the process.
    """
    unshare = shutil.which("unshare") or "unshare"
    spaces, network = ("-Urmn", "isolated") if isolated else ("-Urm", "shared")
    shell = ["/bin/sh", "-c", _SCRIPT, "sh"]
    return [unshare, spaces, *shell, str(ml), str(scratch), network, *command]


@cache
def available(*, isolated: bool = False) -> bool:
    """Try once whether this machine allows it, and a network namespace with it."""
    with tempfile.TemporaryDirectory() as folder:
        ml, scratch = Path(folder, "ml"), Path(folder, "scratch")
        ml.mkdir()
        scratch.mkdir()
        (ml / "seen").touch()
        try:
            tried = subprocess.run(
                inside(["test", "-f", "/opt/ml/seen"], ml, scratch, isolated=isolated),
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=10,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return False
        return tried.returncode == 0
