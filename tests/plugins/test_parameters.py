"""What a run's conf or a form gives is read once, by its declared kind, or refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from causeway.errors import ConfigError
from causeway_airflow.parameters import Kind, read_parameter


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("boolean", "True", True),
        ("boolean", "false", False),
        ("boolean", "1", True),
        ("integer", " 7 ", 7),
        ("integer", "-2", -2),
        ("optional integer", "", None),
        ("optional integer", "None", None),
        ("optional integer", "0", 0),
        ("optional text", "None", None),
        ("optional text", " 0012 ", "0012"),
        ("words", "a, b,,c ", ("a", "b", "c")),
        ("words", "", ()),
    ],
)
def test_a_text_is_read_by_its_kind(kind: Kind, text: str, value: Any) -> None:
    assert read_parameter("p", kind, text) == value


@pytest.mark.parametrize("value", [True, 3, None, ("a",), ["a"]])
def test_what_is_no_text_stays_as_it_is(value: Any) -> None:
    kind: Kind
    for kind in ("boolean", "integer", "optional text", "words"):
        assert read_parameter("p", kind, value) is value


@pytest.mark.parametrize(
    ("kind", "text"), [("boolean", "perhaps"), ("boolean", ""), ("integer", ""), ("integer", "1.5")]
)
def test_a_text_of_another_kind_is_refused_by_name(kind: Kind, text: str) -> None:
    with pytest.raises(ConfigError, match=f"parameter days: '{text}' is no {kind}"):
        read_parameter("days", kind, text)
