import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from causeway.instants import parse_instant
from causeway.use_cases.contracts import Derive, EventTime, Feature, FeatureGroup, RecordId

CODED = Feature(name="a", source="x", type="Integral", codes={0: "no", 1: "yes"})
RANGED = Feature.model_validate(
    {"name": "a", "source": "x", "type": "Fractional", "range": {"min": 0, "max": 10}}
)
FREE = Feature(name="a", source="x", type="Integral", nullable=True)


@pytest.mark.parametrize(
    ("feature", "text", "fault"),
    [
        (CODED, "1", None),
        (CODED, "01", None),
        (CODED, "2", "is an unknown code; allowed: 0, 1"),
        (CODED, "1.0", "is no whole number"),
        (CODED, "", "is empty, but the column may not be"),
        (RANGED, "10", None),
        (RANGED, "10.5", "is out of range; allowed: 0 to 10"),
        (RANGED, "-1e-9", "is out of range; allowed: 0 to 10"),
        (RANGED, "nan", "is no number"),
        (RANGED, "inf", "is no number"),
        (RANGED, "1_0", "is no number"),
        (FREE, "", None),
        (FREE, "-5", None),
        (FREE, "5 ", "is no whole number"),
        (FREE, "\u0663", "is no whole number"),
        (FREE, "+5", "is no whole number"),
        (RANGED, "\u0663", "is no number"),
    ],
)
def test_a_value_is_judged_by_its_feature(feature: Feature, text: str, fault: str | None) -> None:
    assert feature.fault_of(text) == fault


@given(st.text())
def test_whatever_the_value_the_contract_has_an_answer(text: str) -> None:
    for feature in (CODED, RANGED, FREE):
        fault = feature.fault_of(text)
        assert fault is None or fault.startswith("is ")


@pytest.mark.parametrize(
    "data",
    [
        {"name": "a", "type": "Integral"},
        {"name": "a", "source": "x", "derive": {"op": "log1p", "of": ["b"]}, "type": "Integral"},
        {"name": "a", "source": "x", "type": "String", "range": {"min": 1}},
        {"name": "a", "source": "x", "type": "Integral", "codes": {"one": "x"}},
        {"name": "a", "source": "x", "type": "Integral", "codes": {1: "x"}, "range": {"min": 1}},
        {"name": "a", "source": "x", "type": "Float"},
    ],
)
def test_contradictory_features_are_refused(data: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        Feature.model_validate(data)


@pytest.mark.parametrize(
    "name", ["is_deleted", "write_time", "api_invocation_time", "year", "month", "day", "hour"]
)
def test_columns_of_the_offline_store_are_no_features(name: str) -> None:
    feature = {"name": name, "source": "x", "type": "String"}
    with pytest.raises(ValidationError, match=f"features: {name}: the offline store has columns"):
        FeatureGroup.model_validate({"name": "loan", "features": [feature]})
    own = {"name": "loan", "event_time": name, "features": [feature | {"name": "a"}]}
    with pytest.raises(ValidationError, match=f"features: {name}: the offline store has columns"):
        FeatureGroup.model_validate(own)


def test_a_feature_cannot_have_the_name_of_the_event_time() -> None:
    feature = {"name": "event_time", "source": "x", "type": "String"}
    with pytest.raises(ValidationError, match="features: names stand twice: event_time"):
        FeatureGroup.model_validate({"name": "loan", "features": [feature]})


def test_a_name_with_capitals_is_refused_with_the_name_to_write() -> None:
    with pytest.raises(ValidationError, match=r"'Amount' has capitals; .* write amount"):
        Feature.model_validate({"name": "Amount", "source": "Amount", "type": "Integral"})
    assert Feature.model_validate({"name": "amount", "source": "Amount", "type": "Integral"})


def test_operands_of_a_derivation_are_counted() -> None:
    with pytest.raises(ValidationError, match="ratio takes 2"):
        Derive(op="ratio", of=("a",))


@pytest.mark.parametrize("form", ["sgc", "%s", "%d%d", "%n", "a b %d"])
def test_a_record_id_format_holds_one_number(form: str) -> None:
    with pytest.raises(ValidationError, match="no format"):
        RecordId.model_validate({"from": "line_number", "format": form})


def test_event_time_is_an_instant_with_a_zone() -> None:
    assert parse_instant("2026-01-01T01:00:00+01:00").isoformat() == "2026-01-01T00:00:00+00:00"
    for text in ("2026-01-01T00:00:00", "yesterday"):
        with pytest.raises(ValidationError, match="no instant"):
            EventTime(fixed=text)
    with pytest.raises(ValidationError, match="give one of"):
        EventTime()


@pytest.mark.parametrize("key", ["two words", "causeway:owner", "aws:x", "k" * 257])
def test_tags_can_be_listed_in_a_tag_and_are_nobody_elses(key: str) -> None:
    age = Feature(name="age", type="Integral", source="age")
    FeatureGroup(name="loans", tags={"domain": "credit"}, features=(age,))
    with pytest.raises(ValidationError, match="tags"):
        FeatureGroup(name="loans", tags={key: "x"}, features=(age,))


def test_a_tag_has_a_key_of_128_characters_and_a_value_of_256_at_most() -> None:
    age = Feature(name="age", type="Integral", source="age")
    FeatureGroup(name="loans", tags={"k" * 128: "v" * 256}, features=(age,))
    for tags, longest in (({"k" * 129: "v"}, 128), ({"k": "v" * 257}, 256)):
        with pytest.raises(ValidationError, match=f"{longest} characters at most"):
            FeatureGroup(name="loans", tags=tags, features=(age,))


def test_a_feature_may_not_hide_the_identifier() -> None:
    with pytest.raises(ValidationError, match="record_id"):
        FeatureGroup(name="g", features=(Feature(name="record_id", source="x", type="String"),))
