"""YAML documents: read and checked in one way.

Plain words are read as YAML 1.2 reads them (core schema): `on`, `no`, a date and `0x1f` are text.
A number with zeros in front is refused, because it is eight to some readers, ten to others and a
code to people. The topology and the use cases are read through `load`, so that every mistake is
reported with the file, the dotted key, what was wrong and what is allowed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from causeway.document_faults import explained, keys_of, mended
from causeway.errors import ConfigError

#: The folder `include/config`, beside this package.
CONFIG_DIR = Path(__file__).resolve().parent.parent / "config"

#: YAML 1.1, as CloudFormation reads it. libyaml reads a use case ten times faster; the Python
#: loader is used where it is not built in.
YAML_1_1: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Loader(YAML_1_1):  # type: ignore[misc]  # libyaml's loader where it is built in
    """Reads YAML 1.2: other words than these are text (its chapter 10.3, core schema)."""

    yaml_implicit_resolvers: ClassVar[dict[str, Any]] = {}


for _kind, _pattern, _first in (
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("null", r"~|null|Null|NULL|", ["~", "n", "N", ""]),
    ("int", r"[-+]?[0-9]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+\.[0-9]*)([eE][-+]?[0-9]+)?|[-+]?[0-9]+[eE][-+]?[0-9]+"
        r"|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
):
    Loader.add_implicit_resolver(
        f"tag:yaml.org,2002:{_kind}", re.compile(f"^(?:{_pattern})$"), list(_first)
    )
_WORDS: Final = {"tag:yaml.org,2002:bool", "tag:yaml.org,2002:null", "tag:yaml.org,2002:float"}
_LEADING_ZEROS: Final = re.compile(r"[-+]?0[0-9]+")

Model = TypeVar("Model", bound="Strict")


class Strict(BaseModel):
    """A frozen part of a document that refuses unknown keys, and numbers that are none."""

    #: Keys of earlier releases, with what stands in their place now.
    MOVED: ClassVar[Mapping[str, str]] = {}

    # Deferred: a part's own validator is never used, only the whole document's is built.
    model_config = ConfigDict(
        extra="forbid", frozen=True, populate_by_name=True, defer_build=True, allow_inf_nan=False
    )

    def check(self) -> None:
        """Refuse what does not fit together in a document whose parts are right by themselves.

        Raises:
            ValueError: a line for each mistake, with its key.
        """


class MistakesError(ConfigError):
    """A document breaks its rules; `likely` is what was likely meant, None where nobody knows."""

    def __init__(self, what: str, likely: Any) -> None:
        super().__init__(what, next_step="Correct the keys named above; nothing was changed.")
        self.likely = likely


def check_together(*checks: Callable[[], object]) -> None:
    """Run checks that raise ValueError, all of them, and raise what was wrong as one, a line each.

    Of two mistakes in a file the second is of more use now than after the first was mended.
    """
    faults: list[str] = []
    for check in checks:
        try:
            check()
        except ValueError as error:
            faults.append(str(error))
    if faults:
        raise ValueError("\n".join(faults))


_loaded: dict[tuple[str, str], tuple[int, int, Any]] = {}


def load(path: Path, model: type[Model]) -> Model:
    """Read and check one YAML file; the result is cached until the file's time or size changes.

    Raises:
        ConfigError: the file is missing, is no YAML, repeats a key, has an alias or breaks the
            model.
    """
    try:
        stat = path.stat()
    except OSError as error:
        raise ConfigError(
            f"cannot read {path}: {error.strerror or error}",
            next_step=f"Create the file, or name one of: {_siblings(path)}.",
        ) from error
    key = (str(path), model.__qualname__)
    entry = _loaded.get(key)
    if entry is not None and entry[:2] == (stat.st_mtime_ns, stat.st_size):
        document: Model = entry[2]
        return document
    value = parse(_text(path), model, str(path))
    _loaded[key] = (stat.st_mtime_ns, stat.st_size, value)
    return value


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else f"not UTF-8: {error}"
        raise ConfigError(
            f"cannot read {path}: {reason}", next_step="Name a YAML file that is UTF-8."
        ) from error


def parse(text: str, model: type[Model], file: str) -> Model:
    """Check a YAML text against a model; `file` is only named in the errors.

    Raises:
        ConfigError: it is no YAML of that kind.
        MistakesError: naming file, dotted key, what was wrong and the allowed values, a line each.
    """
    content = _content(text, model, file)
    faults: list[str] = []
    likely: Model | None = None
    for _ in range(2):  # as it is, then as it was likely meant: one mistake hides no other
        try:
            likely = model.model_validate(content)
            likely.check()
            break
        except ValidationError as error:
            problems = error.errors()
            faults += explained(problems, content, model)
            content = mended(problems, content, model)
        except ValueError as error:
            faults += str(error).splitlines()
            break
    if faults or likely is None:
        raise MistakesError(
            "\n".join(f"{file}: {fault}" for fault in dict.fromkeys(faults)), likely
        )
    return likely


def _content(text: str, model: type[BaseModel], file: str) -> dict[str, Any]:
    """Return the mapping that a YAML text is."""
    try:
        node = yaml.compose(text, Loader=Loader)
        _refuse_ambiguity(node, file, set())
        loader = Loader(text)
        try:
            content = loader.construct_document(node) if node is not None else None
        finally:
            loader.dispose()
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # of `!!int many`, say
        raise ConfigError(
            f"{file}: not readable as YAML: {error}", next_step="Correct the syntax of the file."
        ) from error
    if not isinstance(content, dict):
        raise ConfigError(
            f"{file}: expected a mapping at the top, found {type(content).__name__}",
            next_step=f"Allowed keys: {', '.join(keys_of(model))}.",
        )
    return content


def _refuse_ambiguity(node: Any, file: str, seen: set[int], path: str = "") -> None:
    # A repeated key, of which YAML silently takes the last, a node that stands in two places, and
    # a number that is none to everybody.
    if id(node) in seen:
        raise ConfigError(
            f"{file}: {path}: an alias (`*name`) repeats what stands elsewhere",
            next_step="Write the value out; anchors and aliases are not read.",
        )
    seen.add(id(node))
    if isinstance(node, yaml.ScalarNode) and node.tag == "tag:yaml.org,2002:int":
        if _LEADING_ZEROS.fullmatch(node.value):
            raise ConfigError(
                f"{file}: {path}: {node.value} is a number with zeros in front",
                next_step=f'Write "{node.value}" for a text, or the number without the zeros.',
            )
    elif isinstance(node, yaml.MappingNode):
        names: set[str] = set()
        for key, value in node.value:
            name = str(key.value) if isinstance(key, yaml.ScalarNode) else "?"
            dotted = f"{path}.{name}" if path else name
            if key.tag in _WORDS:
                raise ConfigError(
                    f"{file}: {dotted}: the key is no text, but a {key.tag.rsplit(':', 1)[-1]}",
                    next_step=f'Write "{name}" in quotes.',
                )
            _refuse_ambiguity(key, file, seen, dotted)
            if name in names:
                raise ConfigError(
                    f"{file}: {dotted}: the key stands twice (again in line "
                    f"{key.start_mark.line + 1})",
                    next_step="Keep one of the two.",
                )
            names.add(name)
            _refuse_ambiguity(value, file, seen, dotted)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            _refuse_ambiguity(value, file, seen, f"{path}.{index}" if path else str(index))


def _siblings(path: Path) -> str:
    names = sorted(sibling.name for sibling in path.parent.glob("*.yaml"))
    return ", ".join(names) or f"(no YAML file in {path.parent})"
