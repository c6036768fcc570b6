"""Starts a service of docker-compose.yaml without an engine, in namespaces of its own.

As in a container, a service has its own network (and so its own 127.0.0.1), sees below
/opt/causeway what the Dockerfile copies into its image and nothing else of the repository, has its
own secrets in /run/secrets and its volumes, and runs as the image's user without capabilities.
Needs root, `unshare`, `nsenter`, `setpriv` (util-linux) and `ip` (iproute2). What stays that of the
machine: the rest of the file system, and the packages of `.venv`, of which an image without the
local AWS does not see moto.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import sysconfig
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.compose.file import ROOT, Mount, Service
from tests.compose.image import Image

NETWORK: Final = "10.89.0"
HOME: Final = "/opt/causeway"
#: Packages of requirements-localaws.txt that an image without the local AWS must do without.
LOCAL_AWS_ONLY: Final = ("moto", "duckdb", "cheroot", "regex")
#: What the image's entrypoint does (docker-library/postgres, docker-entrypoint.sh).
POSTGRES: Final = r"""
set -eu
cd /
bin=$(ls -d /usr/lib/postgresql/*/bin | tail -1)
if [ ! -s "$1/PG_VERSION" ]; then
  "$bin/initdb" -D "$1" -U "$POSTGRES_USER" --pwfile="$POSTGRES_PASSWORD_FILE" \
    --auth=scram-sha-256 $POSTGRES_INITDB_ARGS >&2
  echo 'host all all all scram-sha-256' >> "$1/pg_hba.conf"
  echo "CREATE DATABASE $POSTGRES_DB" | "$bin/postgres" --single -D "$1" postgres >&2
fi
exec "$bin/postgres" -D "$1" -c listen_addresses='*' -c unix_socket_directories=/tmp
"""


@dataclass
class Container:
    """A service that was started: its process, and how another process gets beside it."""

    service: Service
    address: str
    process: subprocess.Popen[bytes]
    dressed: list[str]  # what a command runs behind: user, capabilities, environment
    log: Path

    def healthy(self) -> bool:
        """Run the health check in the service's namespaces."""
        beside = ["nsenter", "--target", str(self.process.pid), "--net", "--mount", "--wdns=/"]
        check = subprocess.run(
            [*beside, *self.dressed, *self.service.healthcheck],
            capture_output=True,
            timeout=120,
            check=False,
        )
        return check.returncode == 0


@dataclass
class Network:
    """The network of the services: a bridge, and a name for each address."""

    folder: Path
    names: list[str]

    def __post_init__(self) -> None:
        _run("ip", "link", "set", "lo", "up")
        _run("ip", "link", "add", "causeway0", "type", "bridge")
        _run("ip", "addr", "add", f"{NETWORK}.1/24", "dev", "causeway0")
        _run("ip", "link", "set", "causeway0", "up")
        lines = ["127.0.0.1 localhost", *(f"{self.address(name)} {name}" for name in self.names)]
        self.hosts.write_text("\n".join(lines) + "\n")
        self.users.write_text("root:x:0:0::/root:/bin/sh\ncauseway:x:50000:50000::/tmp:/bin/sh\n")

    @property
    def hosts(self) -> Path:
        return self.folder / "hosts"

    @property
    def users(self) -> Path:
        return self.folder / "passwd"

    def address(self, name: str) -> str:
        return f"{NETWORK}.{self.names.index(name) + 10}"

    def attach(self, name: str, pid: int) -> None:
        """Give a process that has a network namespace of its own an address on the bridge."""
        mine, until = Path("/proc/self/ns/net").readlink(), time.monotonic() + 30
        while Path(f"/proc/{pid}/ns/net").readlink() == mine:
            assert time.monotonic() < until, f"{name}: no network namespace"
            time.sleep(0.02)
        veth = f"veth{self.names.index(name)}"
        _run("ip", "link", "add", veth, "type", "veth", "peer", "name", "eth0", "netns", str(pid))
        _run("ip", "link", "set", veth, "master", "causeway0", "up")


def start(
    service: Service, image: Image | None, network: Network, folder: Path, secrets: dict[str, Path]
) -> Container:
    """Start a service; its output goes to `<folder>/<name>.log`."""
    user = "50000" if image is None else image.user
    command = service.command
    environment = {"HOME": "/tmp", "HOSTNAME": service.name, "PATH": "/usr/bin:/bin"}
    if image is None:
        assert service.document["image"].startswith("postgres:")
        environment["PATH"] += ":" + str(sorted(Path("/usr/lib/postgresql").glob("*/bin"))[-1])
        command = ["/bin/sh", "-c", POSTGRES, "sh", service.mounts[0].target]
    else:
        environment |= image.environment
        command = [*image.entrypoint, *command]
    environment |= service.environment
    dressed = [
        *("setpriv", f"--reuid={user}", f"--regid={user}", "--clear-groups"),
        *("--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"),
        *("env", "-i", *(f"{name}={value}" for name, value in environment.items())),
    ]
    address = network.address(service.name)
    lines = [
        "set -e",
        "read go",  # the network is attached by then
        "ip link set lo up",
        f"ip addr add {address}/24 dev eth0",
        "ip link set eth0 up",
        f"mount --bind {network.hosts} /etc/hosts",
        f"mount --bind {network.users} /etc/passwd",
        *_files(image),
        *_volumes(service.mounts, folder, user),
        *_secrets(service, secrets),
        *_interpreter(),
        "mount -t tmpfs -o mode=1777 tmpfs /tmp",
        f"cd {image.workdir if image else '/'}",
        "exec " + shlex.join([*dressed, *command]),
    ]
    log = folder / f"{service.name}.log"
    with log.open("ab") as output:
        process = subprocess.Popen(
            ["unshare", "--net", "--mount", "/bin/sh", "-c", "\n".join(lines)],
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    network.attach(service.name, process.pid)
    assert process.stdin is not None
    process.stdin.write(b"go\n")
    process.stdin.close()
    return Container(service, address, process, dressed, log)


def _files(image: Image | None) -> list[str]:
    """Return the commands that lay out what the image has of the repository."""
    if image is None:
        return []
    lines = ["mount -t tmpfs -o mode=755 tmpfs /opt", f"mkdir -p {HOME}/.causeway"]
    for source, target in (*image.copies, *((name, name) for name in image.environments)):
        path = (ROOT / source).resolve()
        assert path.exists(), f"the Dockerfile copies {source}, which is not there"
        lines += _bind(path, f"{HOME}/{target}")
    if ".venv-jobs" not in image.environments:
        packages = sysconfig.get_path("purelib")
        inside = f"{HOME}/.venv/{Path(packages).relative_to(sys.prefix)}"
        lines += [f"mount -t tmpfs tmpfs {inside}/{name}" for name in LOCAL_AWS_ONLY]
    return lines


def _volumes(mounts: Sequence[Mount], folder: Path, user: str) -> list[str]:
    lines = []
    for mount in mounts:
        source = folder / "volumes" / mount.source if mount.named else ROOT / mount.source
        if mount.named and not source.exists():
            source.mkdir(parents=True)
            os.chown(source, int(user), int(user))  # as the image's folder is
        lines += _bind(source, mount.target)
        if mount.read_only:
            lines.append(f"mount -o remount,bind,ro {mount.target}")
    return lines


def _secrets(service: Service, files: dict[str, Path]) -> list[str]:
    lines = ["mount -t tmpfs -o mode=755 tmpfs /run", "mkdir /run/secrets"]
    for name in service.secrets:
        lines += _bind(files[name], f"/run/secrets/{name}")
        lines.append(f"mount -o remount,bind,ro /run/secrets/{name}")
    return lines


def _interpreter() -> list[str]:
    """Return what lets another user run this Python where a folder above it is private."""
    base = Path(sys.base_prefix)
    above = [folder for folder in base.parents if not folder.stat().st_mode & 0o001]
    if not above:
        return []
    hidden = above[-1]
    return [
        *_bind(base, "/run/python"),
        f"mount -t tmpfs -o mode=755 tmpfs {hidden}",
        f"mkdir -p {base}",
        f"mount --bind /run/python {base}",
    ]


def _bind(source: Path, target: str) -> list[str]:
    if source.is_dir():
        return [f"mkdir -p {target}", f"mount --bind {source} {target}"]
    parent = str(Path(target).parent)
    return [
        f"mkdir -p {parent}",
        f"[ -e {target} ] || : > {target}",
        f"mount --bind {source} {target}",
    ]


def _run(*command: str) -> None:
    subprocess.run(command, check=True)
