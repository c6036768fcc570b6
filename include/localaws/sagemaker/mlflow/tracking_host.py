"""Runs one MLflow server behind a socket file, in one process.

The local AWS (`tracking_process.py`) starts it as a script; it imports nothing of the local AWS.
MLflow's own command would start two more interpreters, which import MLflow again and multiply the
start-up time. The process ends when its standard input is closed, that is with its parent.
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
    """Serve on the socket `sys.argv[1]` the database `sys.argv[2]`; artifacts are in S3."""
    socket, database, artifacts = sys.argv[1:]
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # By name, as on a server's command line: MLflow is not a dependency of the local AWS.
    server = import_module("mlflow.server")
    # Artifacts are not served: clients read and write S3 with their own permissions.
    os.environ[server.BACKEND_STORE_URI_ENV_VAR] = f"sqlite:///{database}"
    os.environ[server.ARTIFACT_ROOT_ENV_VAR] = artifacts
    handlers = import_module("mlflow.server.handlers")
    handlers.initialize_backend_stores(f"sqlite:///{database}", default_artifact_root=artifacts)
    app = import_module("mlflow.server.fastapi_app").app
    import_module("uvicorn").run(app, uds=socket, access_log=False)


if __name__ == "__main__":
    main()
