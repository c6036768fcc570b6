import os
from pathlib import Path

import pytest

from causeway.digests import canonical_json, sha256
from causeway.documents import Strict, load, parse
from causeway.errors import ConfigError


class Inner(Strict):
    size: int


class Outer(Strict):
    name: str
    inner: Inner | None = None
    many: tuple[Inner, ...] = ()


def test_unknown_nested_key_names_file_key_and_allowed_keys() -> None:
    with pytest.raises(ConfigError) as caught:
        parse("name: a\nmany: [{size: 1}, {size: 2, colour: red}]", Outer, "x.yaml")
    assert "x.yaml: many.1.colour: unknown key; allowed keys: size" in str(caught.value)


def test_repeated_key_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"x.yaml: inner.size: the key stands twice"):
        parse("name: a\ninner:\n  size: 1\n  size: 2\n", Outer, "x.yaml")


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("name: &a [*a]", "name.0"),
        ("name: a\ninner: &i {size: 1}\nmany: [*i]", "many.0"),
        ("name: &n a\n*n : 1", "a"),
    ],
)
def test_an_alias_is_refused(text: str, key: str) -> None:
    with pytest.raises(ConfigError, match=rf"x.yaml: {key}: an alias"):
        parse(text, Outer, "x.yaml")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f"name: {'[' * 1100}{']' * 1100}", "not readable as YAML"),
        ("name: !!int many", "not readable as YAML"),
        ("[1]", "expected a mapping"),
        ("", "expected a mapping"),
        ("a: [", "not readable as YAML"),
        ("inner: {size: 1}", "name: the key is missing"),
        ("name: a\ninner: {size: many}", "inner.size"),
        ("name: !!python/object/apply:os.system [x]", "not readable as YAML"),
    ],
)
def test_broken_documents_are_explained(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        parse(text, Outer, "x.yaml")


def test_missing_file_lists_its_neighbours(tmp_path: Path) -> None:
    (tmp_path / "other.yaml").write_text("name: a")
    with pytest.raises(ConfigError, match=r"other\.yaml"):
        load(tmp_path / "none.yaml", Outer)


def test_a_file_is_read_again_only_after_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text("name: a")
    first = load(path, Outer)
    assert load(path, Outer) is first
    path.write_text("name: b")
    os.utime(path, ns=(1, 1))
    assert load(path, Outer).name == "b"


def test_canonical_json_ignores_the_order_of_keys() -> None:
    assert canonical_json({"b": 1, "a": [1.5, "ü"]}) == '{"a":[1.5,"ü"],"b":1}'
    assert sha256("") == sha256(b"")


class Words(Strict):
    on: bool | str | int | float | None = None
    codes: dict[int | str, str] = {}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        *((word, word) for word in ("no", "NO", "yes", "On", "off", "y", "1_000", "1:30", "0b1")),
        *((word, word) for word in ("2026-01-31", "2026-13-01", "0x", "1e", ".", "tRUE")),
        *((word, True) for word in ("true", "True", "TRUE")),
        *((word, None) for word in ("null", "~", "")),
        *(("-7", -7), ("+7", 7), ("0", 0), ("1.", 1.0), (".5", 0.5), ("1e3", 1000.0)),
    ],
)
def test_plain_words_are_read_as_yaml_1_2_reads_them(text: str, value: object) -> None:
    read = parse(f"on: {text}", Words, "x.yaml").on
    assert (read, type(read)) == (value, type(value))


def test_norway_is_a_code() -> None:
    codes = parse("codes: {NO: no, on: on, 1: y}", Words, "x.yaml").codes
    assert codes == {"NO": "no", "on": "on", 1: "y"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("codes: {true: x}", "codes.true: the key is no text, but a bool"),
        ("codes: {null: x}", "codes.null: the key is no text, but a null"),
        ("codes: {1.0: x}", "codes.1.0: the key is no text, but a float"),
        ("codes: {010: x}", "codes.010: 010 is a number with zeros in front"),
        ("on: -007", "on: -007 is a number with zeros in front"),
    ],
)
def test_keys_and_numbers_of_two_meanings_are_refused(text: str, message: str) -> None:
    with pytest.raises(ConfigError, match=f"x.yaml: {message}"):
        parse(text, Words, "x.yaml")
