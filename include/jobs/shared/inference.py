"""Answer requests with the trained model: the script-mode serving contract of SageMaker.

A request is a list of *raw* feature rows, as the held-out `evaluation/test.csv` has them:
`text/csv` with a header row of feature names, or `application/json` with a list of objects (or one
object, or `{"instances": [...]}`). Columns of the held-out rows that the model does not read are
ignored; an unknown column, a column that stands twice, and a row with another number of values than
the header are refused. An empty value, and `null`, is a missing one. The reply is what the model
predicts, a row each: `text/csv`, or `{"predictions": [...]}`. Of more than two classes that is a
probability for each class in the order of the contract: a line `0.1,0.7,0.2`, or a list, beside
which `classes` names them.

A client's fault is answered with 400, 415 or 406 and one line that says what is wrong, which
InvokeEndpoint shows as `OriginalStatusCode` and `OriginalMessage` of its ModelError. Everything
else is ours, and a 500. `transform_fn` does it all, because the toolkits make a 500 of any error
that leaves a script's function.
"""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import estimators  # type: ignore[import-not-found]
import numpy as np
import pandas as pd
from encoding import ENCODER_FILE, BadRowsError, Encoder  # type: ignore[import-not-found]

Served = tuple[estimators.Trained, Encoder]


class UnsupportedTypeError(ValueError):
    """A content type that this model does not read."""


class NotAcceptableError(ValueError):
    """A content type that this model does not write."""


#: The errors that are the client's, and the status of their answer.
REFUSALS = {BadRowsError: 400, NotAcceptableError: 406, UnsupportedTypeError: 415}


def model_fn(model_dir: str) -> Served:
    """Load the model and its encoder from the extracted archive."""
    folder = Path(model_dir)
    return estimators.load(folder), Encoder.load(folder / ENCODER_FILE)


def transform_fn(model: Served, body: bytes | str, content_type: str, accept: str) -> Any:
    """Answer one request: body and content type, or what the toolkit knows as a refusal."""
    try:
        answers = predict(read(body, content_type), model)
        return write(answers, accept, model[1].label.classes)
    except tuple(REFUSALS) as error:
        return refusal(REFUSALS[type(error)], str(error))


def refusal(status: int, message: str) -> Any:
    """Return what the serving toolkit answers with a status of its own.

    The XGBoost image serves with `sagemaker-containers`, which passes a `Response` on. Images with
    `sagemaker-inference` alone know an error class.
    """
    try:
        from sagemaker_containers.beta.framework import (  # type: ignore[import-not-found]
            worker,
        )
    except ImportError:
        from sagemaker_inference.errors import (  # type: ignore[import-not-found]
            GenericInferenceToolkitError,
        )

        raise GenericInferenceToolkitError(status, message) from None
    return worker.Response(message, status=status, mimetype="text/plain")


def read(body: bytes | str, content_type: str) -> pd.DataFrame:
    """Read raw feature rows, every value as text.

    Raises:
        BadRowsError: the body is empty or cannot be read.
        UnsupportedTypeError: another content type.
    """
    kind = content_type.split(";")[0].strip().lower()
    if kind not in ("text/csv", "application/json"):
        raise UnsupportedTypeError(f"{content_type!r} is not read: send text/csv or JSON")
    try:
        text = body.decode("utf-8-sig") if isinstance(body, (bytes, bytearray)) else body
        rows = _csv_rows(text) if kind == "text/csv" else _json_rows(text)
    except (UnicodeDecodeError, json.JSONDecodeError, csv.Error) as error:
        raise BadRowsError(f"the request is no valid {kind}: {error}") from error
    if rows.empty:
        raise BadRowsError("the request has no rows")
    return rows


def _csv_rows(text: str) -> pd.DataFrame:
    if not text.strip():
        raise BadRowsError(
            "the request is empty; a header row of feature names and a row are needed"
        )
    lines = list(csv.reader(io.StringIO(text, newline=""), strict=True, skipinitialspace=True))
    while lines and not lines[-1]:
        lines.pop()
    header, rows = lines[0], lines[1:]
    _refuse_twice(header, "the header")
    for number, row in enumerate(rows, start=1):
        if len(row) != len(header):
            raise BadRowsError(f"row {number} {_odd(row, header)}")
    return pd.DataFrame(rows, columns=header, dtype=str)


def _odd(row: list[str], header: list[str]) -> str:
    """Say what is wrong with a row of another length than its header."""
    if not row:
        return "is an empty line"
    said = f"has {len(row)} value(s), the header {len(header)} name(s)"
    if len(row) > len(header):
        return f"{said}: nothing is named for {row[len(header)]!r}"
    return f"{said}: no value for {header[len(row)]!r}"


def _refuse_twice(names: list[str], what: str) -> None:
    twice = [repr(name) for name, count in Counter(names).items() if count > 1]
    if twice:
        raise BadRowsError(f"{what} names {', '.join(twice)} more than once")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return a JSON object, of which each name stands once."""
    _refuse_twice([name for name, _ in pairs], "a JSON object")
    return dict(pairs)


def _json_rows(text: str) -> pd.DataFrame:
    document = json.loads(text, object_pairs_hook=_once)
    if isinstance(document, dict):
        document = document.get("instances", [document])
    if not isinstance(document, list) or not all(isinstance(row, dict) for row in document):
        raise BadRowsError(
            "a JSON request is a list of objects, one a row: [{feature: value, …}, …]"
        )
    return pd.DataFrame(document)


def predict(rows: pd.DataFrame, model: Served) -> np.ndarray[Any, Any]:
    """Return what the model predicts, a row each; BadRowsError for rows it cannot read."""
    trained, encoder = model
    encoder.require_known(rows.columns)
    predictions: np.ndarray[Any, Any] = trained.predict(encoder.encode(rows), encoder.columns)
    return predictions


def write(
    prediction: np.ndarray[Any, Any], accept: str, classes: tuple[str, ...] = ()
) -> tuple[str, str]:
    """Return the body and its content type; NotAcceptableError for another one."""
    kinds = [part.split(";")[0].strip().lower() for part in (accept or "*/*").split(",")]
    several = prediction.ndim == 2
    rows = [[round(float(value), 8) for value in np.atleast_1d(row)] for row in prediction]
    for kind in kinds:
        if kind in ("text/csv", "text/*", "*/*"):
            return "".join(",".join(map(str, row)) + "\n" for row in rows), "text/csv"
        if kind == "application/json":
            answer: dict[str, Any] = {"predictions": rows if several else [v for (v,) in rows]}
            return json.dumps(answer | ({"classes": list(classes)} if several else {})), kind
    raise NotAcceptableError(f"{accept!r} is not written: accept text/csv or application/json")


class RawRows:
    """The model as MLflow calls it: raw rows in, a number a row out."""

    def __init__(self, model_dir: str) -> None:
        self.model = model_fn(model_dir)

    def predict(self, rows: pd.DataFrame, params: object = None) -> np.ndarray[Any, Any]:
        """Return the answers; MLflow's parameters are not used."""
        return predict(rows, self.model)


def _load_pyfunc(path: str) -> RawRows:
    """Load the model directory as MLflow's `python_function`; the name is MLflow's."""
    return RawRows(path)
