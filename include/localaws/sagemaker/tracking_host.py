"""Runs one MLflow server behind a socket file, in one process.

Started as a script by the local AWS (`tracking_process.py`), imports nothing of it. MLflow's own
command starts two more interpreters, each of which imports MLflow anew: several
times the start-up. Ends when its standard input does, that is with its parent.
"""

from __future__ import annotations

import os
import sys
import threading


def _end_with_parent() -> None:
    while os.read(0, 4096):  # not sys.stdin: its lock would abort a normal exit
        pass
    os._exit(0)


def main() -> None:
    """Serve on the socket `sys.argv[1]` the database `sys.argv[2]`; artifacts lie in S3."""
    socket, database, artifacts = sys.argv[1:]
    threading.Thread(target=_end_with_parent, daemon=True).start()
    from mlflow import server

    # Artifacts are not served: clients read and write S3 themselves, with rights of their own.
    os.environ[server.BACKEND_STORE_URI_ENV_VAR] = f"sqlite:///{database}"
    os.environ[server.ARTIFACT_ROOT_ENV_VAR] = artifacts
    import uvicorn
    from mlflow.server.fastapi_app import app
    from mlflow.server.handlers import initialize_backend_stores

    initialize_backend_stores(f"sqlite:///{database}", default_artifact_root=artifacts)
    uvicorn.run(app, uds=socket, access_log=False)


if __name__ == "__main__":
    main()
