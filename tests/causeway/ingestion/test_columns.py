"""Columns: judged as a whole, with the very answer that each value has by itself."""

from __future__ import annotations

import datetime
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causeway.ingestion import columns
from causeway.ingestion.columns import ColumnCheck, IdCheck
from causeway.ingestion.times import TimeCheck
from causeway.use_cases.contracts import Feature, Range

FEATURES = {
    "codes": Feature(name="f", source="f", type="Integral", codes={1: "a", 2: "b", 4: "c"}),
    "codes without gaps": Feature(name="f", source="f", type="Integral", codes={0: "a", 1: "b"}),
    "nullable codes": Feature(
        name="f", source="f", type="Integral", codes={1: "a", 2: "b"}, nullable=True
    ),
    "a range": Feature(name="f", source="f", type="Integral", range=Range(min=-5, max=5)),
    "any whole number": Feature(name="f", source="f", type="Integral", nullable=True),
    "a number": Feature(name="f", source="f", type="Fractional", range=Range(min=0)),
    "any number": Feature(name="f", source="f", type="Fractional", nullable=True),
    "texts": Feature(name="f", source="f", type="String", codes={"x": "a", "é": "b"}),
    "any text": Feature(name="f", source="f", type="String", nullable=True),
}
#: Of each law: there are many, and an example has twenty values.
EXAMPLES = max(10, settings.default.max_examples // 4)  # type: ignore[union-attr]
TEXTS = st.one_of(
    st.sampled_from(
        ["", "1", "2", "4", "01", "-0", "+1", " 1", "1 ", "1.0", "1e400", "nan", "inf"]
    ),
    st.sampled_from(["inf", "x", "é", "1_0", "0x1", "٣", "9223372036854775808"]),
    st.integers(-9, 9).map(str),
    st.floats().map(repr),
    st.text(max_size=3),
)


def alone(feature: Feature, text: str) -> tuple[Any, str | None]:
    """Return what one value is by itself: as the store holds it, and what is wrong with it."""
    fault = feature.fault_of(text)
    if fault or not text:
        return None, fault
    kinds: dict[str, Any] = {"Integral": int, "Fractional": float, "String": str}
    return kinds[feature.type](text), None


@pytest.mark.parametrize("few", [128, 0], ids=["few texts", "many texts"])
@pytest.mark.parametrize("name", FEATURES)
def test_a_column_of_texts_is_judged_as_its_values_are(
    name: str, few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    feature = FEATURES[name]
    monkeypatch.setattr(columns, "FEW", few)

    @settings(max_examples=EXAMPLES)
    @given(st.lists(TEXTS, max_size=20))
    def law(texts: list[str]) -> None:
        checked = ColumnCheck(feature).check(pa.array(texts, pa.string()))
        expected = [alone(feature, text) for text in texts]
        assert checked.values.to_pylist() == [value for value, _ in expected]
        assert checked.faults == {
            position: (texts[position], fault)
            for position, (_, fault) in enumerate(expected)
            if fault
        }

    law()


NUMBERS = {
    "int8": (pa.int8(), st.integers(-128, 127)),
    "int64": (pa.int64(), st.integers(-(2**63), 2**63 - 1)),
    "uint64": (pa.uint64(), st.integers(0, 2**64 - 1)),
    "double": (pa.float64(), st.one_of(st.floats(), st.integers(-9, 9).map(float))),
}


@pytest.mark.parametrize("kind", NUMBERS)
@pytest.mark.parametrize("name", [one for one in FEATURES if "text" not in one])
def test_a_column_of_numbers_is_judged_as_its_values_are(name: str, kind: str) -> None:
    feature, (type_, values) = FEATURES[name], NUMBERS[kind]

    @settings(max_examples=EXAMPLES)
    @given(st.lists(st.one_of(st.none(), values), max_size=20))
    def law(inputs: list[Any]) -> None:
        checked = ColumnCheck(feature).check(pa.array(inputs, type_, from_pandas=False))
        for position, value in enumerate(inputs):
            text = "" if value is None or value != value else repr(value)
            if feature.type == "Integral" and text.endswith(".0") and abs(value) < 2**53:
                text = text.removesuffix(".0")  # a whole number, however the file keeps it
            expected, fault = alone(feature, text)
            assert checked.values[position].as_py() == expected, text
            assert (position in checked.faults) == (fault is not None), text

    law()


IDS: dict[str, tuple[pa.Array, list[str | None], list[int]]] = {
    "texts": (pa.array(["a", "NaN", "", None, "<NA>", "nano"]), ["a", "nano"], [1, 2, 3, 4]),
    "whole numbers": (pa.array([1, None, 3]), ["1", "3"], [1]),
    "numbers": (pa.array([1.0, float("nan"), 2.5, None, 3.0]), ["1", "3"], [1, 2, 3]),
    "a dictionary": (pa.array(["a", "null", "a"]).dictionary_encode(), ["a", "a"], [1]),
}


@pytest.mark.parametrize("case", IDS)
def test_ids_that_are_none_are_faults(case: str) -> None:
    column, good, bad = IDS[case]
    checked = IdCheck().check(column)
    assert sorted(checked.faults) == bad
    ids = [
        value for position, value in enumerate(checked.values.to_pylist()) if position not in bad
    ]
    assert ids == good
    assert {reason for _, reason in checked.faults.values()} == {"the record has no id"}


def test_event_times_are_brought_to_the_stores_form_with_their_instant() -> None:
    texts = ["2019-11-24T00:30:00Z", "2019-11-24T03:30:00+02:00", "", "yesterday", "2019-11-24"]
    checked, moments = TimeCheck().check(pa.array(texts))
    assert checked.values.to_pylist()[:2] == ["2019-11-24T00:30:00Z", "2019-11-24T01:30:00.000Z"]
    assert moments[1] - moments[0] == 3_600_000
    assert {position: reason for position, (_, reason) in checked.faults.items()} == {
        2: "the record has no event time",
        3: "'yesterday' is no instant; allowed: 2026-01-31T00:00:00Z",
        4: "'2019-11-24' is no instant; allowed: 2026-01-31T00:00:00Z",
    }
    moment = datetime.datetime(2019, 11, 24, 1, tzinfo=datetime.UTC)
    stamped, _ = TimeCheck().check(pa.array([moment], pa.timestamp("us", "UTC")))
    assert stamped.values.to_pylist() == ["2019-11-24T01:00:00.000Z"]
