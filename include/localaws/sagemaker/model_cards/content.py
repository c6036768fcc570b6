"""Validates the content of a model card with the JSON schema in `include/schemas`."""

from __future__ import annotations

import json
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft7Validator

from localaws.kit.service import ServiceError

SCHEMA = Path(__file__).resolve().parents[3] / "schemas" / "model_card.yaml"
SHOWN = 3  # findings in one message


@lru_cache(maxsize=1)
def _validator() -> Draft7Validator:
    return Draft7Validator(yaml.load(SCHEMA.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader))


def read(content: str) -> dict[str, Any]:
    """Return the card's document; ValidationException if it violates the schema."""
    try:
        document = json.loads(content)
    except json.JSONDecodeError as error:
        raise _refused(f"it is not valid JSON: {error}") from error
    findings = [_finding(error) for error in _validator().iter_errors(document)]
    if findings:
        more = f" (and {len(findings) - SHOWN} more)" if len(findings) > SHOWN else ""
        raise _refused("; ".join(sorted(findings)[:SHOWN]) + more)
    card: dict[str, Any] = document
    return card


def _finding(error: Any) -> str:
    path = "/".join(map(str, error.absolute_path))
    return f"#/{path}: {str(error.message)[:200]}"


def _refused(why: str) -> ServiceError:
    return ServiceError(
        "ValidationException", f"Model card content does not follow the model card schema: {why}"
    )
