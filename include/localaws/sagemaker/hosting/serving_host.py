"""Serves one model like a SageMaker inference container, in the image's environment.

The local AWS (`model_server.py`) starts it as a script, with the model's folder and its code's; of
the local AWS it imports `serving_toolkit.py` alone. `SAGEMAKER_PROGRAM` names the entry point.
Without it the XGBoost image is in algorithm mode and takes every file of the model's folder for a
booster; the scikit-learn image does not start. The process ends when its standard input is closed,
that is with its parent.
"""

from __future__ import annotations

import hmac
import importlib.util
import json
import os
import socket
import sys
import threading
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

TOKEN = "X-Local-Token"  # noqa: S105 - the header's name; only the local AWS may ask


def load_module(path: Path, name: str) -> ModuleType:
    """Import a file under a name."""
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise ImportError(f"{path.name} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def load_script(code: Path, program: str) -> ModuleType:
    """Import the entry point, with its folder first on the path."""
    name = program.removesuffix(".py")
    path = code / f"{name}.py"
    if not path.is_file():
        raise ModuleNotFoundError(
            f"No module named {name!r}: SAGEMAKER_SUBMIT_DIRECTORY has no {path.name}"
        )
    sys.path.insert(0, str(code))
    return load_module(path, path.stem)


class Served(NamedTuple):
    """The loaded model, the toolkit's way to answer, and the token of permitted callers."""

    model: Any
    transformer: Any
    token: str


class Handler(BaseHTTPRequestHandler):
    """GET /ping and POST /invocations."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet per reply: a second one would be delayed (Nagle)
    served: Served

    def do_GET(self) -> None:
        """Answer a ping: the model is loaded."""
        self._reply(200 if self.path == "/ping" else 404, b"\n", "text/plain", {})

    def do_POST(self) -> None:
        """Answer one invocation."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not hmac.compare_digest(self.headers.get(TOKEN, ""), self.served.token):
            self._reply(403, b"only the local AWS may ask", "text/plain", {})
            return
        answer = self.served.transformer.answer(
            self.served.model, body, self.headers.get("Content-Type"), self.headers.get("Accept")
        )
        self._reply(answer.status, answer.body, answer.content_type, answer.headers)

    def _reply(self, status: int, body: bytes, content_type: str, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log a request as one line of the endpoint's log."""
        print(f"{self.command} {self.path} {args[1] if len(args) > 1 else ''}", flush=True)  # noqa: T201 - the log is standard output


def _end_with_parent() -> None:
    while os.read(0, 4096):  # not sys.stdin: its lock would abort a normal exit
        pass
    os._exit(0)


def serve(
    toolkit: ModuleType, image: str, model: Path, code: Path, listener: socket.socket
) -> ThreadingHTTPServer:
    """Load the model and return the server that answers for it."""
    token = os.environ.pop("LOCALAWS_SERVING_TOKEN", "")
    program = os.environ.get("SAGEMAKER_PROGRAM")
    if not program and image == "xgboost":
        toolkit.load_boosters(str(model))
    if not program:
        raise AttributeError("the container has no SAGEMAKER_PROGRAM: no module to serve with")
    toolkit.provide()
    transformer = toolkit.Transformer(load_script(code, program), image)
    Handler.served = Served(transformer.load(str(model)), transformer, token)
    server = ThreadingHTTPServer(listener.getsockname(), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    server.daemon_threads = True
    return server


def main() -> None:
    """Load the model, report `{"serving"}` or `{"error"}` on the pipe, and serve."""
    image, model, code = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3])
    pipe, listener = int(sys.argv[4]), socket.socket(fileno=int(sys.argv[5]))
    threading.Thread(target=_end_with_parent, daemon=True).start()
    report: dict[str, Any] = {}
    server = None
    try:
        toolkit = load_module(Path(__file__).with_name("serving_toolkit.py"), "serving_toolkit")
        server = serve(toolkit, image, model, code, listener)
        report = {"serving": True}
    except Exception as error:
        traceback.print_exc()
        report = {"error": f"{type(error).__name__}: {error}"}
    with os.fdopen(pipe, "w") as out:
        out.write(json.dumps(report) + "\n")
    if server is None:
        raise SystemExit(1)
    server.serve_forever()


if __name__ == "__main__":
    main()
