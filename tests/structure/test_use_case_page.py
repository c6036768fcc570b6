"""The reference of a use case's keys, its JSON schema, and the YAML that the docs show."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import jsonschema
import pytest
import yaml
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from causeway.topology.accounts import Topology
from causeway.use_cases.training_specs import Training
from causeway.use_cases.use_case import USE_CASES_DIR, ModelSpec, UseCase
from tests import use_case_page
from tests.structure.modules import ROOT

SCHEMA = json.loads(use_case_page.schema_text())
SHIPPED = sorted(USE_CASES_DIR.glob("*.yaml"))
DOCUMENTS = sorted((ROOT / "docs").rglob("*.md"))


def blocks() -> list[tuple[str, str]]:
    """Return the YAML of the documentation that belongs to the project, with its page."""
    return [
        (page.name, block)
        for page in DOCUMENTS
        for before, block in re.findall(r"([^\n]*)\n```yaml\n(.*?)```", page.read_text(), re.DOTALL)
        if "not executed" not in before
    ]


def faults(field: FieldInfo, value: Any) -> list[str]:
    """Say what is wrong with the value of a key; what a part leaves out is not."""
    try:
        TypeAdapter(Annotated[field.annotation, "value", *field.metadata]).validate_python(value)
    except ValidationError as error:
        by_kind = {fault["type"]: fault["msg"] for fault in error.errors()}
        if by_kind.pop("missing", None):
            by_kind.pop("too_short", None)  # a list counts its faultless items
        return list(by_kind.values())
    return []


@pytest.mark.parametrize(
    ("model", "key"),
    [
        pytest.param(model, key, id=f"{model.__name__}.{key}")
        for model in use_case_page.models()
        for key, said in use_case_page.words()[model.__name__].items()
        if "example" in said
    ],
)
def test_the_example_of_each_key_is_allowed(model: type[BaseModel], key: str) -> None:
    example = use_case_page.words()[model.__name__][key]["example"]
    assert faults(use_case_page.keys_of(model)[key], example) == []


def test_a_key_without_an_example_is_a_mapping_of_keys_that_have_one() -> None:
    for model in use_case_page.models():
        for key, said in use_case_page.words()[model.__name__].items():
            inner = list(use_case_page.models_in(use_case_page.keys_of(model)[key].annotation))
            assert "example" in said or inner, f"{model.__name__}.{key}"


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_schema_accepts_what_ships(path: Path) -> None:
    jsonschema.validate(_as_json(yaml.safe_load(path.read_text())), SCHEMA)


def test_the_schema_refuses_an_unknown_key_and_a_wrong_word() -> None:
    case = _as_json(yaml.safe_load(SHIPPED[0].read_text()))
    with pytest.raises(jsonschema.ValidationError, match="'oner' was unexpected"):
        jsonschema.validate(case | {"oner": "me"}, SCHEMA)
    with pytest.raises(jsonschema.ValidationError, match="is not one of"):
        jsonschema.validate(case | {"risk": "some"}, SCHEMA)


@pytest.mark.parametrize(
    ("page", "block"), [pytest.param(*item, id=f"{item[0]}-{n}") for n, item in enumerate(blocks())]
)
def test_the_yaml_of_the_documentation_has_keys_and_values_that_are_read(
    page: str, block: str
) -> None:
    block = re.sub(r"\bon:", '"on":', block)  # YAML 1.1 takes it for a boolean
    for key, value in (yaml.safe_load(block) or {}).items():
        fields = [
            use_case_page.keys_of(model)[key]
            for model in (UseCase, ModelSpec, Training, Topology)
            if key in use_case_page.keys_of(model)
        ]
        assert fields, f"{page}: {key} is no key of a use case, a model or a topology"
        assert [] in [faults(field, value) for field in fields], f"{page}: {key}"


def _as_json(value: Any) -> Any:
    return json.loads(json.dumps(value, default=date.isoformat))
