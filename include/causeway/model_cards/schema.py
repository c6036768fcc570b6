"""A card's content against its schema, before it is sent: the whole card or the one in a package.

Two facts beside the JSON schema: a content has at most 100,000 characters (`CreateModelCard`), and
the package's schema knows no `model_package_details` and of the overview only creator and artifact
(SageMaker developer guide, "Model package model card schema").
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, Literal

import yaml

from causeway.digests import canonical_json
from causeway.documents import Loader
from causeway.errors import BadInput, Problem

Kind = Literal["card", "package"]

#: One schema serves the domain and the local AWS, which may not import each other.
SCHEMA: Final = Path(__file__).resolve().parents[2] / "schemas" / "model_card.yaml"
LONGEST: Final = 100_000
PACKAGE_OVERVIEW: Final = ("model_creator", "model_artifact")
_MOST: Final = 5


def document(kind: Kind = "card") -> dict[str, Any]:
    """Return the JSON schema of a standalone card or of the card in a package."""
    schema: dict[str, Any] = yaml.load(SCHEMA.read_bytes(), Loader)  # noqa: S506 - a safe loader
    if kind == "package":
        schema = copy.deepcopy(schema)
        del schema["properties"]["model_package_details"]
        overview = schema["properties"]["model_overview"]["properties"]
        schema["properties"]["model_overview"]["properties"] = {
            name: overview[name] for name in PACKAGE_OVERVIEW
        }
    return schema


def checked(content: Mapping[str, Any], kind: Kind = "card") -> str:
    """Return the content as the JSON text that is sent.

    Raises:
        BadInput: it breaks the schema, naming each place, or is too long.
    """
    problems = [
        Problem(None, "/".join(map(str, e.absolute_path)) or "(top)", None, e.message[:200])
        for e in _validator(kind).iter_errors(content)
    ]
    text = canonical_json(content)
    if len(text) > LONGEST:
        problems.append(Problem(None, "(top)", None, f"has {len(text)} characters, over {LONGEST}"))
    if problems:
        raise BadInput(
            f"the content of the model card ({kind}) breaks its schema",
            problems[:_MOST],
            more=max(0, len(problems) - _MOST),
            next_step="Correct the fields named, in the use case or on the card; nothing was sent.",
        )
    return text


@lru_cache(maxsize=2)
def _validator(kind: Kind) -> Any:
    from jsonschema import Draft7Validator  # parsing a DAG does not need it

    return Draft7Validator(document(kind))
