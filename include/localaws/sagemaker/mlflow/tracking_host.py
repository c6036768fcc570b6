"""Runs one MLflow server behind a socket file, in one process.

Started as a script by the local AWS (`tracking_process.py`), imports nothing of it. MLflow's own
command starts two more interpreters, each of which imports MLflow anew: several
times the start-up. Ends when its standard input does, that is with its parent.
"""

from __future__ import annotations

import os
import sys
import threading
from importlib import import_module


def _end_with_parent() -> None:
    while os.read(0, 4096):  # not sys.stdin: its lock would abort a normal exit
        pass
    os._exit(0)


def main() -> None:
    """Serve on the socket `sys.argv[1]` the database `sys.argv[2]`; artifacts lie in S3."""
    socket, database, artifacts = sys.argv[1:]
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # By name, as a server's command line would: the local AWS itself knows nothing of MLflow.
    server = import_module("mlflow.server")
    # Artifacts are not served: clients read and write S3 themselves, with rights of their own.
    os.environ[server.BACKEND_STORE_URI_ENV_VAR] = f"sqlite:///{database}"
    os.environ[server.ARTIFACT_ROOT_ENV_VAR] = artifacts
    handlers = import_module("mlflow.server.handlers")
    handlers.initialize_backend_stores(f"sqlite:///{database}", default_artifact_root=artifacts)
    app = import_module("mlflow.server.fastapi_app").app
    import_module("uvicorn").run(app, uds=socket, access_log=False)


if __name__ == "__main__":
    main()
