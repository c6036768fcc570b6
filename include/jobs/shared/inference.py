"""Answer requests with the trained model: the script-mode serving contract of SageMaker.

A request is a list of *raw* feature rows, as the held-out `evaluation/test.csv` has them:
`text/csv` with a header row of feature names, or `application/json` with a list of objects (or one
object, or `{"instances": [...]}`). More columns than the model reads are ignored. The reply is the
probability that the credit is good, a row each: `text/csv`, or `{"predictions": [...]}`.
"""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import xgboost
from encoding import ENCODER_FILE, BadRowsError, Encoder  # type: ignore[import-not-found]

MODEL_FILE = "xgboost-model.json"


class UnsupportedTypeError(ValueError):
    """A content type this model does not read (415) or does not write (406)."""

    def __init__(self, message: str, status_code: int) -> None:
        super().__init__(message)
        self.message = message
        self.status_code = status_code


def model_fn(model_dir: str) -> tuple[xgboost.Booster, Encoder]:
    """Load the model and its encoder from the extracted archive."""
    folder = Path(model_dir)
    booster = xgboost.Booster({"nthread": 1})
    booster.load_model(str(folder / MODEL_FILE))
    return booster, Encoder.load(folder / ENCODER_FILE)


def input_fn(body: bytes | str, content_type: str) -> pd.DataFrame:
    """Read raw feature rows, every value as text.

    Raises:
        BadRowsError: the body is empty or cannot be read (status 400).
        UnsupportedTypeError: another content type (status 415).
    """
    kind = content_type.split(";")[0].strip().lower()
    if kind not in ("text/csv", "application/json"):
        raise UnsupportedTypeError(f"{content_type!r} is not read: send text/csv or JSON", 415)
    try:
        text = body.decode("utf-8-sig") if isinstance(body, (bytes, bytearray)) else body
        rows = _csv_rows(text) if kind == "text/csv" else _json_rows(text)
    except (UnicodeDecodeError, json.JSONDecodeError, pd.errors.ParserError) as error:
        raise BadRowsError(f"the request is no valid {kind}: {error}") from error
    if rows.empty:
        raise BadRowsError("the request has no rows")
    return rows


def _csv_rows(text: str) -> pd.DataFrame:
    if not text.strip():
        raise BadRowsError(
            "the request is empty; a header row of feature names and a row are needed"
        )
    return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False, skipinitialspace=True)


def _json_rows(text: str) -> pd.DataFrame:
    document = json.loads(text)
    if isinstance(document, dict):
        document = document.get("instances", [document])
    if not isinstance(document, list) or not all(isinstance(row, dict) for row in document):
        raise BadRowsError(
            "a JSON request is a list of objects, one a row: [{feature: value, …}, …]"
        )
    return pd.DataFrame(document)


def predict_fn(rows: pd.DataFrame, model: tuple[xgboost.Booster, Encoder]) -> np.ndarray[Any, Any]:
    """Return what the model predicts, a row each; BadRowsError for rows it cannot read."""
    booster, encoder = model
    matrix = xgboost.DMatrix(encoder.encode(rows), feature_names=encoder.columns, nthread=1)
    predictions: np.ndarray[Any, Any] = booster.predict(matrix)
    return predictions


def output_fn(prediction: np.ndarray[Any, Any], accept: str) -> tuple[str, str]:
    """Return the body and its content type; UnsupportedTypeError (406) for another one."""
    kinds = [part.split(";")[0].strip().lower() for part in (accept or "*/*").split(",")]
    values = [round(float(value), 8) for value in prediction]
    for kind in kinds:
        if kind in ("text/csv", "text/*", "*/*"):
            return "\n".join(map(str, values)) + "\n", "text/csv"
        if kind == "application/json":
            return json.dumps({"predictions": values}), "application/json"
    raise UnsupportedTypeError(
        f"{accept!r} is not written: accept text/csv or application/json", 406
    )


class RawRows:
    """The model as MLflow calls it: raw rows in, a number a row out."""

    def __init__(self, model_dir: str) -> None:
        self.model = model_fn(model_dir)

    def predict(self, rows: pd.DataFrame, params: object = None) -> np.ndarray[Any, Any]:
        """Return the answers; MLflow's parameters are not used."""
        return predict_fn(rows, self.model)


def _load_pyfunc(path: str) -> RawRows:
    """Load the model directory as MLflow's `python_function`; the name is MLflow's."""
    return RawRows(path)
