"""What is wrong with a YAML document, in words: by the path of the key, and what is allowed.

A path is the document's own, an item of a list by its `name` where it has one:
`models.churn.training.one_hot`. Where a mistake has a likely cure, the document is also returned
with it, so that one mistake does not hide the next.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any, Final

from pydantic import BaseModel, Tag

#: How like a key or a word has to be to what is allowed, to be taken for it.
LIKE_KEY: Final = 0.75
LIKE_WORD: Final = 0.5
_KEY: Final = re.compile(r"([a-z_0-9]+)[.:]")

Models = Sequence[tuple[str | None, type[BaseModel]]]


@dataclass(frozen=True)
class Place:
    """Where a mistake is: its path in the document, in words, and the model of what holds it."""

    keys: tuple[int | str, ...]
    path: str
    owner: type[BaseModel] | None


def place_of(location: Sequence[int | str], content: Any, model: type[BaseModel]) -> Place:
    """Return where a location of pydantic's is; the names of branches of a union are left out."""
    keys: list[int | str] = []
    names: list[str] = []
    models: Models = [(None, model)]
    here = content
    for part in location:
        chosen = [pair for pair in models if pair[0] is not None and pair[0] == part]
        if chosen:  # which kind of item it is
            models = [(None, chosen[0][1])]
        elif isinstance(part, int) and isinstance(here, list | tuple) and part < len(here):
            here = here[part]
            keys.append(part)
            named = isinstance(here, dict) and isinstance(here.get("name"), str)
            names.append(here["name"] if named else str(part))
        elif isinstance(here, dict):
            field = next(
                (f for _, m in models for n, f in m.model_fields.items() if part in (n, f.alias)),
                None,
            )
            if field is not None:
                models = list(_models(field.annotation))
            here = here.get(part)
            keys.append(part)
            names.append(str(part))
    return Place(tuple(keys), ".".join(names), models[0][1] if models else None)


def _models(annotation: Any) -> Iterator[tuple[str | None, type[BaseModel]]]:
    """Yield the models that a value may be of, each with the tag that it is told by."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield None, annotation
    tag = next((m.tag for m in getattr(annotation, "__metadata__", ()) if isinstance(m, Tag)), None)
    for argument in getattr(annotation, "__args__", ()):
        for inner, model in _models(argument):
            yield tag or inner, model


def keys_of(model: type[BaseModel]) -> list[str]:
    """Return the keys of a model as a document writes them."""
    return [field.alias or name for name, field in model.model_fields.items()]


def explained(problems: Sequence[Any], content: Any, model: type[BaseModel]) -> list[str]:
    """Return a line for each mistake: path and what is wrong."""
    cures = _cures(problems, content, model)
    lines: dict[str, str] = {}
    for problem in problems:
        place = place_of(problem["loc"], content, model)
        if _is_echo(problem) or (problem["type"] == "missing" and place.keys in cures.values()):
            continue  # what is missing is there, under a name that is said to be wrong
        cure = cures.get(place.keys)
        hint = f"; did you mean {cure[-1]}?" if cure else ""
        for path, text in _said(problem, place):
            of_branches = len(place.keys) < len(problem["loc"])
            key = path if of_branches else f"{path}: {text}"  # of a union, the first is said
            lines.setdefault(key, (f"{path}: " if path else "") + text + hint)
    return list(lines.values())


def mended(problems: Sequence[Any], content: Any, model: type[BaseModel]) -> Any:
    """Return the content with the mistakes mended of which it is likely what was meant.

    A key that nobody knows becomes the one that it is like and that is missing, or is left out; a
    word becomes the allowed one that it is like.
    """
    cures = _cures(problems, content, model)
    mended = copy.deepcopy(content)
    for problem in problems:
        keys = place_of(problem["loc"], content, model).keys
        *above, last = keys or ("",)
        holder = mended
        for key in above:
            holder = holder[key]
        if problem["type"] == "extra_forbidden":
            value = holder.pop(last)
            if keys in cures:
                holder[cures[keys][-1]] = value
        elif keys in cures and problem["type"] == "union_tag_invalid":
            holder[last]["kind"] = cures[keys][-1]
        elif keys in cures:
            holder[last] = cures[keys][-1]
    return mended


def _cures(
    problems: Sequence[Any], content: Any, model: type[BaseModel]
) -> dict[tuple[int | str, ...], tuple[int | str, ...]]:
    """Return what was likely meant, by where it is wrong: for a key the key, else the word."""
    cures = {}
    for problem in problems:
        place = place_of(problem["loc"], content, model)
        word, allowed, like = problem.get("input"), list[str](), LIKE_WORD
        context = problem.get("ctx") or {}
        if problem["type"] == "extra_forbidden" and place.owner is not None:
            holder = content
            for key in place.keys[:-1]:
                holder = holder[key]
            word, like = place.keys[-1], LIKE_KEY
            allowed = [key for key in keys_of(place.owner) if key not in holder]
        elif problem["type"] == "literal_error":
            allowed = re.findall(r"'([^']*)'", context["expected"])
        elif problem["type"] == "union_tag_invalid":
            word, allowed = context["tag"], re.findall(r"'([^']*)'", context["expected_tags"])
        if near := get_close_matches(str(word), allowed, 1, like):
            cures[place.keys] = (*place.keys[:-1], near[0])
    return cures


def _is_echo(problem: Any) -> bool:
    """Tell whether a list is only said to be short because its faulty items were not counted."""
    if problem["type"] != "too_short":
        return False
    return len(problem["input"]) >= int(problem["ctx"]["min_length"])


def _said(problem: Any, place: Place) -> Iterator[tuple[str, str]]:
    """Yield path and text of what one problem says."""
    kind, context = problem["type"], problem.get("ctx") or {}
    message = str(problem["msg"]).removeprefix("Value error, ")
    if kind == "extra_forbidden":
        moved = getattr(place.owner, "MOVED", {}).get(place.keys[-1])
        allowed = f"; allowed keys: {', '.join(keys_of(place.owner))}" if place.owner else ""
        yield place.path, moved or f"unknown key{allowed}"
    elif kind == "missing":
        yield place.path, "the key is missing"
    elif kind == "union_tag_invalid":
        said = f"allowed: {context['expected_tags']}; found {context['tag']!r}"
        yield f"{place.path}.kind", said
    elif kind == "value_error":
        # A part that names a key of its own means the key below it.
        for line in message.splitlines():
            match = _KEY.match(line)
            if place.path and place.owner and match and match[1] in keys_of(place.owner):
                path, _, text = line.partition(": ")
                yield f"{place.path}.{path}", text
            else:
                yield place.path, line
    else:
        allowed = f"; allowed: {context['expected']}" if "expected" in context else ""
        if "pattern" in context:
            message, allowed = "not of the allowed form", f"; allowed: {context['pattern']}"
        yield place.path, f"{message}{allowed}; found {problem.get('input')!r}"
