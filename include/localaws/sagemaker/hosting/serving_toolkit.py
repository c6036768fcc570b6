"""What AWS's serving toolkit does between a request and the functions of a script.

The XGBoost and scikit-learn images serve one model with `sagemaker-containers`: a Flask application
around `model_fn`, `input_fn`, `predict_fn`, `output_fn` or `transform_fn`. Written after its
`_transformer.py`, `_worker.py` and `_encoders.py`, and the `serving.py` of both images. What is
easily missed: an error of a script becomes a 500 with Flask's page whatever the error carries; a
script that wants another status returns a `worker.Response`.

A file of its own that imports nothing of ours: it runs in the image's environment.
"""

from __future__ import annotations

import csv
import io
import json
import os
import sys
import traceback
from collections.abc import Callable
from types import ModuleType
from typing import Any

JSON, CSV, NPY, LIBSVM = "application/json", "text/csv", "application/x-npy", "text/libsvm"
UTF8_TYPES = (JSON, CSV)
ANY = "*/*"
# Werkzeug's page for an error that nobody caught.
ERROR_PAGE = """<!DOCTYPE HTML PUBLIC "-//W3C//DTD HTML 3.2 Final//EN">
<title>500 Internal Server Error</title>
<h1>Internal Server Error</h1>
<p>The server encountered an internal error and was unable to complete your request. Either the \
server is overloaded or there is an error in the application.</p>
"""


class Response:
    """`sagemaker_containers.beta.framework.worker.Response`: a body with a status and a type."""

    def __init__(
        self,
        response: Any = None,
        accept: str | None = None,  # the toolkit ignores it
        status: int = 200,
        headers: dict[str, str] | None = None,
        mimetype: str | None = None,
    ) -> None:
        body = b"" if response is None else response
        self.body = body.encode() if isinstance(body, str) else bytes(body)
        self.status = int(status)
        self.headers = dict(headers or {})
        self.content_type = _with_charset(mimetype or JSON)


def _with_charset(mimetype: str) -> str:
    text = mimetype.startswith("text/") or mimetype.endswith("+xml")
    return f"{mimetype}; charset=utf-8" if text else mimetype


class UnsupportedFormatError(Exception):
    """A content type that the image's default functions neither read nor write."""

    def __init__(self, content_type: str) -> None:
        super().__init__(f"Content type {content_type} is not supported by this framework.")


class NotServedError(Exception):
    """What the image serves and the local AWS does not."""


def provide() -> None:
    """Let scripts import `sagemaker_containers.beta.framework.worker`, as samples of AWS do."""
    parent: ModuleType | None = None
    for name in ("sagemaker_containers", "beta", "framework", "worker"):
        full = f"{parent.__name__}.{name}" if parent else name
        module = ModuleType(full)
        sys.modules[full] = module
        if parent:
            setattr(parent, name, module)
        parent = module
    parent.Response = Response  # type: ignore[union-attr]


def decode(body: Any, content_type: str) -> Any:
    """Read a request as scikit-learn's image does: an array of float32."""
    import numpy as np

    if content_type == JSON:
        return np.array(json.loads(body)).astype(np.float32)
    if content_type == CSV:
        rows = list(csv.reader(io.StringIO(body), strict=True))
        return np.array(rows).squeeze().astype(np.float32)
    if content_type == NPY:
        raise NotServedError(f"the local AWS does not read {NPY}")
    raise UnsupportedFormatError(content_type)


def decode_matrix(body: Any, content_type: str) -> Any:
    """Read a request as XGBoost's image does: a matrix, of CSV or libsvm; JSON it does not read."""
    import numpy as np
    import xgboost

    kind = content_type.split(";")[0].strip()
    text = body.decode() if isinstance(body, bytes | bytearray) else body
    if kind == CSV:
        first = text.split("\n")[0][:512]
        delimiter = csv.Sniffer().sniff(first).delimiter
        delimiter = "," if delimiter.isalnum() else delimiter
        cells = [[cell or "nan" for cell in line.split(delimiter)] for line in text.split("\n")]
        return xgboost.DMatrix(np.array(cells).astype(float))
    if kind in (LIBSVM, "text/x-libsvm", "application/x-recordio-protobuf"):
        raise NotServedError(f"the local AWS does not read {kind}")
    raise UnsupportedFormatError(kind)


def encode(values: Any, accept: str) -> str:
    """Write an answer as both images do: JSON, or CSV with a column for a plain list."""
    import numpy as np

    if accept == JSON:
        return json.dumps(values, default=lambda array: array.tolist())
    if accept == CSV:
        table = np.array(values)
        written = io.StringIO()
        rows = table.reshape(-1, 1) if table.ndim == 1 else table
        csv.writer(written, lineterminator="\n", strict=True).writerows(rows)
        return written.getvalue()
    if accept == NPY:
        raise NotServedError(f"the local AWS does not write {NPY}")
    raise UnsupportedFormatError(accept)


class Transformer:
    """The functions of a script, and the image's own for those that it does not define."""

    def __init__(self, script: ModuleType, image: str) -> None:
        own = {
            name: getattr(script, name, None)
            for name in ("model_fn", "input_fn", "predict_fn", "output_fn", "transform_fn")
        }
        if own["transform_fn"] and (own["input_fn"] or own["predict_fn"] or own["output_fn"]):
            raise ValueError(
                "Cannot use transform_fn implementation with input_fn, predict_fn, and/or output_fn"
            )
        if not own["model_fn"]:
            # The image's own default refuses so, too (aws/sagemaker-inference-toolkit).
            raise NotImplementedError("Please provide a model_fn implementation.")
        matrix = image == "xgboost"
        self.load: Callable[[str], Any] = own["model_fn"]
        self._read = own["input_fn"] or (decode_matrix if matrix else decode)
        self._predict = own["predict_fn"] or (_predict_matrix if matrix else _predict)
        self._write = own["output_fn"] or _write
        self._transform = own["transform_fn"] or self._in_three_steps

    def _in_three_steps(self, model: Any, body: Any, content_type: str, accept: str) -> Any:
        return self._write(self._predict(self._read(body, content_type), model), accept)

    def answer(
        self, model: Any, body: bytes, content_type: str | None, accept: str | None
    ) -> Response:
        """Return the answer to a request; an error of a script is a 500 and a traceback."""
        content_type = content_type or JSON
        if not accept or accept == ANY:
            accept = os.environ.get("SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT", JSON)
        content = body.decode(errors="replace") if content_type in UTF8_TYPES else body
        try:
            return _as_response(self._transform(model, content, content_type, accept))
        except NotServedError as error:
            return Response(str(error), status=501, mimetype="text/plain")
        except Exception:
            traceback.print_exc()
            page = Response(ERROR_PAGE, status=500)
            page.content_type = "text/html"
            return page


def _predict(data: Any, model: Any) -> Any:
    return model.predict(data)


def _predict_matrix(data: Any, model: Any) -> Any:
    return model.predict(data, validate_features=False)


def _write(prediction: Any, accept: str) -> Response:
    return Response(encode(prediction, accept), mimetype=accept)


def _as_response(result: Any) -> Response:
    """Return what Flask makes of a view's result."""
    if isinstance(result, Response):
        return result
    if isinstance(result, tuple):
        return Response(result[0], mimetype=result[1])
    if isinstance(result, dict):
        return Response(json.dumps(result) + "\n", mimetype=JSON)
    if isinstance(result, str | bytes | bytearray):
        return Response(result, mimetype="text/html")
    raise TypeError(f"The view function did not return a valid response, but {type(result)}")


def load_boosters(folder: str) -> None:
    """Load every file of the model folder, as XGBoost's image does without a script.

    (`algorithm_mode/serve_utils.py`.) An ensemble of files is its way to serve, so one file that is
    no booster keeps the server from starting.

    Raises:
        RuntimeError: a file is no booster; with the image's words.
        NotServedError: all are. The local AWS does not serve the built-in algorithm.
    """
    import pickle

    import xgboost

    for name in os.listdir(folder):  # noqa: PTH208 - as the image does, in this order
        path = os.path.join(folder, name)  # noqa: PTH118
        if not os.path.isfile(path) or name.startswith("."):  # noqa: PTH113
            continue
        try:
            with open(path, "rb") as file:  # noqa: PTH123
                pickle.load(file)  # noqa: S301 - a model's archive runs code here anyway
        except Exception as pickled:
            try:
                xgboost.Booster().load_model(path)
            except Exception as error:
                raise RuntimeError(
                    f"Model {path} cannot be loaded:\nPickle load error={pickled}"
                    f"\nXGB load model error={error}"
                ) from error
    raise NotServedError(
        "the local AWS does not serve the image's built-in algorithm: the container has no "
        "SAGEMAKER_PROGRAM"
    )
