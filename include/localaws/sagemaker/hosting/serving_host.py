"""Serves one model like a SageMaker inference container, in the image's environment.

The local AWS (`model_server.py`) starts it as a script; it imports nothing of the local AWS. It
extracts `model.tar.gz`, imports the entry point in `code/` and answers on 127.0.0.1 by the serving
contract `model_fn`, `input_fn`, `predict_fn`, `output_fn` (or `transform_fn`); functions that the
script does not define have the toolkit's defaults. An exception's `status_code` is the HTTP status
of the answer. The process ends when its standard input is closed, that is with its parent.
"""

from __future__ import annotations

import csv
import hmac
import importlib.util
import io
import json
import os
import sys
import tarfile
import threading
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

CUSTOM = "X-Amzn-SageMaker-Custom-Attributes"
TOKEN = "X-Local-Token"  # noqa: S105 - the header's name; only the local AWS may ask
Transform = Callable[[Any, bytes, str, str], Any]


def extract(archive: Path, folder: Path) -> None:
    """Extract the model; no member may be outside the folder (PEP 706's data filter)."""
    folder.mkdir(parents=True, exist_ok=True)
    with tarfile.open(archive, "r:*") as tar:
        tar.extractall(folder, filter="data")


def load_script(folder: Path) -> ModuleType:
    """Import the entry point, with its folder first on the path."""
    code = folder / "code"
    program = os.environ.get("SAGEMAKER_PROGRAM") or "inference.py"
    if not (code / program).is_file():
        raise FileNotFoundError(f"model.tar.gz has no code/{program}")
    sys.path.insert(0, str(code))
    spec = importlib.util.spec_from_file_location(Path(program).stem, code / program)
    if spec is None or spec.loader is None:
        raise ImportError(f"code/{program} cannot be imported")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def default_input(body: bytes, content_type: str) -> Any:
    """Read JSON, or CSV without a header as rows of numbers."""
    kind = content_type.split(";")[0].strip()
    if kind == "application/json":
        return json.loads(body)
    if kind == "text/csv":
        return [[float(cell) for cell in row] for row in csv.reader(io.StringIO(body.decode()))]
    raise _StatusError(415, f"content type {content_type} is not supported")


def default_predict(data: Any, model: Any) -> Any:
    """Call the model's `predict`, or the model itself."""
    return model.predict(data) if hasattr(model, "predict") else model(data)


def default_output(prediction: Any, accept: str) -> tuple[str, str]:
    """Write JSON, or CSV if the request accepts it."""
    values = prediction.tolist() if hasattr(prediction, "tolist") else prediction
    if accept.split(";")[0].strip() == "text/csv":
        rows = [row if isinstance(row, list) else [row] for row in values]
        return "".join(",".join(map(str, row)) + "\n" for row in rows), "text/csv"
    return json.dumps(values), "application/json"


class _StatusError(Exception):
    def __init__(self, status_code: int, message: str) -> None:
        super().__init__(message)
        self.status_code = status_code


def transformer(script: ModuleType) -> Transform:
    """Return the function from a request to a reply."""
    own: Transform | None = getattr(script, "transform_fn", None)
    if own is not None:
        return own
    read = getattr(script, "input_fn", default_input)
    predict = getattr(script, "predict_fn", default_predict)
    write = getattr(script, "output_fn", default_output)

    def transform(model: Any, body: bytes, content_type: str, accept: str) -> Any:
        return write(predict(read(body, content_type), model), accept)

    return transform


class Served(NamedTuple):
    """The loaded model: its reply function, and the token of permitted callers."""

    model: Any
    transform: Transform
    token: str


class Handler(BaseHTTPRequestHandler):
    """GET /ping and POST /invocations."""

    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet per reply: a second one would be delayed (Nagle)
    served: Served

    def do_GET(self) -> None:
        """Answer a ping: the model is loaded."""
        self._reply(200 if self.path == "/ping" else 404, b"\n", "text/plain")

    def do_POST(self) -> None:
        """Answer one invocation."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if not hmac.compare_digest(self.headers.get(TOKEN, ""), self.served.token):
            self._reply(403, b"only the local AWS may ask", "text/plain")
            return
        content_type = self.headers.get("Content-Type") or "application/octet-stream"
        accept = self.headers.get("Accept") or "*/*"
        try:
            result = self.served.transform(self.served.model, body, content_type, accept)
            answer, kind = result if isinstance(result, tuple) else (result, accept)
            text = answer.encode() if isinstance(answer, str) else bytes(answer)
        except Exception as error:
            status = getattr(error, "status_code", 500)
            if status >= 500:
                traceback.print_exc()
            message = str(error) if status < 500 else f"{type(error).__name__}: {error}"
            self._reply(status, message.encode(), "text/plain")
            return
        self._reply(200, text, kind)

    def _reply(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        if self.headers.get(CUSTOM):
            self.send_header(CUSTOM, self.headers[CUSTOM])
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Log a request as one line of the endpoint's log."""
        print(f"{self.command} {self.path} {args[1] if len(args) > 1 else ''}", flush=True)  # noqa: T201 - the log is standard output


def _end_with_parent() -> None:
    while os.read(0, 4096):  # not sys.stdin: its lock would abort a normal exit
        pass
    os._exit(0)


def main() -> None:
    """Load the model, report `{"port"}` or `{"error"}` on the pipe, and serve."""
    archive, folder, pipe = Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])
    token = os.environ.pop("LOCALAWS_SERVING_TOKEN", "")
    threading.Thread(target=_end_with_parent, daemon=True).start()
    report: dict[str, Any] = {}
    server = None
    try:
        extract(archive, folder)
        script = load_script(folder)
        if not hasattr(script, "model_fn") and not hasattr(script, "transform_fn"):
            raise AttributeError("the entry point defines no model_fn")
        loader = getattr(script, "model_fn", str)
        Handler.served = Served(loader(str(folder)), transformer(script), token)
        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        report = {"port": server.server_address[1]}
    except Exception as error:
        traceback.print_exc()
        report = {"error": f"{type(error).__name__}: {error}"}
    with os.fdopen(pipe, "w") as out:
        out.write(json.dumps(report) + "\n")
    if server is None:
        sys.exit(1)
    server.serve_forever()


if __name__ == "__main__":
    main()
