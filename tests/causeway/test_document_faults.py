"""The words for what is wrong with a document, and what it was likely meant to be."""

from __future__ import annotations

from typing import Annotated, Literal, Union

import pytest
from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from causeway.documents import MistakesError, Strict, parse


class Square(Strict):
    kind: Literal["square"]
    side: int


class Circle(Strict):
    kind: Literal["circle"]
    radius: float
    colour: Literal["red", "green"] = "red"


Shape = Annotated[
    Union[  # noqa: UP007 - pydantic reads the tags of a Union that is spelt out
        Annotated[Square, Tag("square")], Annotated[Circle, Tag("circle")]
    ],
    Discriminator(lambda value: value["kind"] if isinstance(value, dict) else value.kind),
]


class Layer(Strict):
    name: str
    shapes: tuple[Shape, ...] = ()
    hidden: tuple[str, ...] | Literal["all"] = ()

    @model_validator(mode="after")
    def _few(self) -> Layer:
        if len(self.shapes) > 2:
            raise ValueError("shapes: two at most")
        return self


class Picture(Strict):
    title: str
    width: Annotated[int, Field(gt=0)] = 1
    layers: tuple[Layer, ...] = ()

    @field_validator("title")
    @classmethod
    def _short(cls, value: str) -> str:
        if len(value) > 9:
            raise ValueError("is too long")
        return value

    def check(self) -> None:
        if len(self.layers) > self.width:
            raise ValueError("layers: more than `width`")


def faults(text: str) -> tuple[list[str], Picture | None]:
    with pytest.raises(MistakesError) as refused:
        parse(text, Picture, "x.yaml")
    return refused.value.what.splitlines(), refused.value.likely


CIRCLE = "{kind: circle, radius: 1}"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{title: a, layers: [{name: sky, shapes: [{kind: circle, radius: x}]}]}",
         "layers.sky.shapes.0.radius: Input should be a valid number"),
        ("{title: a, layers: [{name: sky, shapes: [{kind: circle, radius: 1, side: 2}]}]}",
         "layers.sky.shapes.0.side: unknown key; allowed keys: kind, radius, colour"),
        ("{title: a, layers: [{name: sky, shapes: [{kind: cirkle, radius: 1}]}]}",
         "layers.sky.shapes.0.kind: allowed: 'square', 'circle'; found 'cirkle'"
         "; did you mean circle?"),
        ("{title: a, layers: [{shapes: []}]}", "layers.0.name: the key is missing"),
        ("{title: a, layers: [{name: sky, hidden: some}]}",
         "layers.sky.hidden: Input should be"),
        (f"{{title: a, layers: [{{name: sky, shapes: [{CIRCLE}, {CIRCLE}, {CIRCLE}]}}]}}",
         "layers.sky.shapes: two at most"),
        ("{title: a long title}", "title: is too long"),
        ("{titel: a}", "titel: unknown key; allowed keys: title, width, layers"
         "; did you mean title?"),
    ],
)  # fmt: skip
def test_a_mistake_is_a_line_with_the_path_in_the_document(text: str, line: str) -> None:
    (fault,), _ = faults(text)
    assert fault.startswith(f"x.yaml: {line}")


def test_a_mistake_with_a_likely_cure_hides_no_other() -> None:
    lines, likely = faults("{titel: a, layers: [{name: sky, colour: 1}, {name: sea}]}")
    assert [line.split(": ")[1] for line in lines] == ["layers.sky.colour", "titel", "layers"]
    assert likely is not None and likely.title == "a" and len(likely.layers) == 2


def test_what_has_no_likely_cure_is_not_mended() -> None:
    lines, likely = faults("{title: a, width: broad, layers: [{name: sky}, {name: sea}]}")
    assert [line.split(": ")[1] for line in lines] == ["width"]
    assert likely is None
