"""Texts in the alphabet of tags and customer metadata read back as they were."""

from __future__ import annotations

import pytest
import regex
from botocore.session import Session
from hypothesis import given
from hypothesis import strategies as st

from causeway.errors import BadInput
from causeway.plain_texts import (
    clipped,
    decoded,
    decoded_metrics,
    encoded,
    encoded_metrics,
    is_plain,
)

TEXTS = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
METRICS = st.dictionaries(
    st.text(st.characters(exclude_categories=("Cs",)), min_size=1, max_size=8),
    st.floats(-1e6, 1e6).map(lambda value: round(value, 6)),
    max_size=4,
)


def _pattern() -> str:
    model = Session().get_service_model("sagemaker")
    pattern: str = model.shape_for("CustomerMetadataValue").metadata["pattern"]
    return pattern.replace("${1,256}", "")


@given(TEXTS | TEXTS.map("==".__add__))
def test_any_text_reads_back_and_matches_the_pattern_of_the_service(text: str) -> None:
    plain = encoded(text, "a text")
    assert decoded(plain) == text
    assert regex.fullmatch(_pattern(), plain)
    assert is_plain(plain)


@given(METRICS)
def test_metrics_read_back_and_match_the_pattern_of_the_service(metrics: dict[str, float]) -> None:
    line = encoded_metrics(metrics)
    assert regex.fullmatch(_pattern(), line)
    read = decoded_metrics(line)
    assert read == {name: metrics[name] for name in read}
    assert len(read) == len(metrics) or len(line) > 150


def test_what_people_read_stays_readable() -> None:
    assert encoded("Jörg Müller", "a name") == "Jörg Müller"
    assert encoded("d'arc@example.com", "a name") == "==d=27arc@example.com"
    assert encoded("s3://b/day=27/r.json", "a place") == "s3://b/day=27/r.json"
    assert encoded_metrics({"mse": 0.2, "auc": 0.78}) == "auc=0.78 mse=0.2"


def test_a_text_that_gets_too_long_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match="requested-by: 305 characters"):
        encoded("'" * 101, "requested-by")


@pytest.mark.parametrize("text", ["s3://b/reports/dt=2026-01-31/day=27/r.json", "a=zz =FF", "TQ=="])
def test_a_text_that_somebody_else_wrote_stays_as_it_is(text: str) -> None:
    assert decoded(text) == text


def test_an_escape_that_is_none_stays() -> None:
    assert decoded("==a=zz =FF") == "a=zz =FF"


def test_another_text_is_no_line_of_metrics() -> None:
    with pytest.raises(ValueError, match="could not convert"):
        decoded_metrics('{"auc": 0.78}')


@given(st.text(st.characters(exclude_categories=("Cs",)), max_size=600))
def test_a_clipped_text_is_the_text_or_its_beginning(text: str) -> None:
    plain = clipped(text, "x")
    assert is_plain(plain)
    assert decoded(plain) == text or text.startswith(decoded(plain).removesuffix("..."))
