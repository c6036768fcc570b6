"""The serving contract: raw rows in, probabilities out, errors that name what and where."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from tests.jobs.scripts import Chain

Load = Callable[[str], ModuleType]


class Served:
    """The script with the trained model, as a container holds them."""

    def __init__(self, module: ModuleType, chain: Chain) -> None:
        self.module = module
        self.model = module.model_fn(str(chain.root / "model" / "model"))
        self.text = (chain.root / "parts" / "evaluation" / "test.csv").read_text()
        self.rows = list(csv.DictReader(self.text.splitlines()))

    def ask(self, body: str | bytes, content_type: str = "text/csv") -> Any:
        raw = body.encode() if isinstance(body, str) else body
        return self.module.predict(self.module.read(raw, content_type), self.model)

    def refused(self, body: str | bytes, content_type: str = "text/csv") -> tuple[int, str]:
        with pytest.raises(tuple(self.module.REFUSALS)) as caught:
            self.ask(body, content_type)
        return self.module.REFUSALS[type(caught.value)], str(caught.value)


@pytest.fixture
def served(script: Load, chain: Chain) -> Served:
    return Served(script("inference"), chain)


def test_held_out_file_is_answered_as_it_is(served: Served, chain: Chain) -> None:
    scores = served.ask(served.text)
    assert scores.shape == (150,)
    # The same rows encoded by the preprocessing job give the same scores.
    trees, encoder = served.model
    table = np.loadtxt(chain.root / "parts" / "test" / "test.csv", delimiter=",")
    assert scores == pytest.approx(trees.predict(table[:, 1:], encoder.columns))


@pytest.mark.parametrize("wrap", [list, lambda rows: {"instances": rows}])
def test_json_gives_the_same_answers_as_csv(served: Served, wrap: Callable[[Any], Any]) -> None:
    rows = [{name: int(v) for name, v in r.items() if name != "record_id"} for r in served.rows]
    scores = served.ask(json.dumps(wrap(rows)), "application/json")
    assert scores == pytest.approx(served.ask(served.text))
    answer = served.ask(json.dumps(rows[0]), "application/json; charset=utf-8")
    assert answer == pytest.approx(scores[:1])


def csv_of(rows: list[dict[str, str]]) -> str:
    header = list(rows[0])
    lines = [",".join(header), *(",".join(row[name] for name in header) for row in rows)]
    return "\n".join(lines) + "\n"


def test_order_of_the_columns_does_not_matter(served: Served) -> None:
    reversed_ = [dict(reversed(row.items())) for row in served.rows]
    assert served.ask(csv_of(reversed_)) == pytest.approx(served.ask(served.text))


def test_unknown_code_is_refused_with_column_and_value(served: Served) -> None:
    rows = [dict(row) for row in served.rows[:3]]
    rows[1]["purpose"] = "99"
    status, message = served.refused(csv_of(rows))
    assert status == 400
    assert message.startswith("row 2, column 'purpose': '99' is an unknown code; allowed are 0, 1")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"amount": "much"}, "row 1, column 'amount': 'much' is not a number"),
        ({"age": ""}, "row 1, column 'age': '' is not a number"),
        ({"amount": "inf"}, "row 1, column 'amount': 'inf' is not a number"),
        ({"housing": "1.5"}, "row 1, column 'housing': '1.5' is an unknown code"),
    ],
)
def test_value_that_is_no_number_is_refused(
    served: Served, change: dict[str, str], message: str
) -> None:
    status, text = served.refused(csv_of([served.rows[0] | change]))
    assert (status, text[: len(message)]) == (400, message)


def test_missing_column_is_refused(served: Served) -> None:
    rows = [{k: v for k, v in served.rows[0].items() if k not in ("job", "age")}]
    assert served.refused(csv_of(rows)) == (400, "missing column(s): age, job")


def test_unknown_column_is_refused(served: Served) -> None:
    status, message = served.refused(csv_of([served.rows[0] | {"salary": "9"}]))
    assert status == 400
    assert message.startswith("unknown column(s): 'salary'; the model reads status, duration,")
    row = json.dumps({**served.rows[0], "salary": 9})
    assert served.refused(row, "application/json")[1].startswith("unknown column(s): 'salary'")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("a,b\n1,10,99\n", "row 1 has 3 value(s), the header 2 name(s): nothing is named for '99'"),
        ("a,b\n1,2\n3\n", "row 2 has 1 value(s), the header 2 name(s): no value for 'b'"),
        ("a,b\n1,2\n\n3,4\n", "row 2 is an empty line"),
        ("a,b,a\n1,2,3\n", "the header names 'a' more than once"),
    ],
)
def test_a_row_that_does_not_fit_its_header_is_refused(
    served: Served, body: str, message: str
) -> None:
    assert served.refused(body) == (400, message)


def test_a_name_that_stands_twice_in_a_json_row_is_refused(served: Served) -> None:
    status, message = served.refused('[{"age": 1, "age": 2}]', "application/json")
    assert (status, message) == (400, "a JSON object names 'age' more than once")


def test_a_quoted_value_may_hold_a_comma_and_a_line_break(served: Served) -> None:
    row = served.rows[0] | {"record_id": '"a, b\nc"'}
    assert served.ask(csv_of([row])) == pytest.approx(served.ask(csv_of([served.rows[0]])))


@pytest.mark.parametrize(
    ("body", "content_type"),
    [
        ("", "text/csv"),
        ("status,duration\n", "text/csv"),
        ('a,b\n"', "text/csv"),
        (b"\xff\xfe\xfa", "text/csv"),
        ("[1, 2]", "application/json"),
        ("{", "application/json"),
        ("[]", "application/json"),
    ],
)
def test_request_without_rows_is_refused(
    served: Served, body: str | bytes, content_type: str
) -> None:
    assert served.refused(body, content_type)[0] == 400


def test_other_content_types_are_refused(served: Served) -> None:
    assert served.refused(b"x", "application/x-npy")[0] == 415
    with pytest.raises(served.module.NotAcceptableError) as caught:
        served.module.write(np.array([0.5]), "image/png")
    assert served.module.REFUSALS[type(caught.value)] == 406


def test_answer_is_written_as_accepted(served: Served) -> None:
    scores = np.array([0.25, 0.5], dtype=np.float32)
    write = served.module.write
    assert write(scores, "text/csv") == ("0.25\n0.5\n", "text/csv")
    assert write(scores, "*/*")[1] == "text/csv"
    body, kind = write(scores, "application/json")
    assert (json.loads(body), kind) == ({"predictions": [0.25, 0.5]}, "application/json")
