"""What is recorded of a use case, and what a word on it is bound to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from causeway.errors import BadInput
from causeway.governance.use_case_record import (
    LONGEST_TEXT,
    UNCHANGED,
    chain_of,
    changes_since,
    differences,
    models_of,
    next_record,
    record_item,
    record_of,
    use_case_of,
    write_record,
)
from causeway.items import CREATE_ONLY
from tests.causeway.governance.life import CASE, FORM, MODELS, NOW, high, said


def test_a_record_begins_in_poc_and_is_read_as_it_was_written() -> None:
    record = high()
    assert (record.stage, record.turn, record.recorded_by) == ("poc", 1, ("ml-engineer",))
    counted = said(record, "development")
    advanced = said(counted, "development", "risk-officer")
    for each in (record, counted, advanced):
        assert record_of(record_item(each)) == each


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"risk": "unacceptable"}, "unacceptable risk"),
        ({"risk": "some"}, "'some'"),
        ({"mitigation": " "}, "lacks mitigation"),
        ({"owner": "", "oversight": ""}, "lacks owner, oversight"),
        ({"project": "x" * (LONGEST_TEXT + 1)}, "characters"),
        ({"id": "a/b"}, "no id"),
        ({"id": "a" * 200}, "no id"),
    ],
)
def test_a_form_that_lacks_something_or_is_unacceptable_is_refused(changes, reason) -> None:
    with pytest.raises(BadInput, match=reason):
        next_record(replace(FORM, **changes), None, "ml-engineer", NOW, MODELS)


def test_texts_are_asked_for_where_the_risk_is_high_alone() -> None:
    plain = replace(FORM, risk="limited", stakeholders="", mitigation="", oversight="")
    assert next_record(plain, None, "ml-engineer", NOW, MODELS) is not None


def test_the_same_again_changes_nothing_and_an_amendment_is_another_record() -> None:
    record = high()
    assert next_record(FORM, record, "model-owner", NOW, MODELS) is None
    amended = next_record(replace(FORM, oversight="two"), record, "model-owner", NOW, MODELS)
    assert amended is not None and amended.digest != record.digest
    assert amended.recorded_by == ("ml-engineer", "model-owner")
    assert (amended.turn, amended.revision) == (2, 2)


def test_a_record_is_amended_in_poc_alone() -> None:
    record = said(said(high(), "development"), "development", "risk-officer")
    with pytest.raises(BadInput, match="amended in poc alone"):
        next_record(replace(FORM, oversight="two"), record, "ml-engineer", NOW, MODELS)


def test_approvals_that_are_too_few_leave_the_digest_and_a_return_does_not() -> None:
    record = high()
    counted = said(record, "development")
    assert counted.digest == record.digest and counted.revision == 2
    back = said(said(counted, "development", "risk-officer"), "poc", verdict="rejected")
    assert back.stage == record.stage and back.digest != record.digest


def test_a_write_holds_while_the_record_is_what_it_was_planned_against() -> None:
    record = high()
    assert write_record(record, None).condition == CREATE_ONLY
    update = write_record(said(record, "development"), record)
    assert (update.condition, update.values) == (UNCHANGED, {":revision": 1})


def test_file_and_record_are_compared() -> None:
    assert differences(FORM, CASE) == []
    (found,) = differences(replace(FORM, owner="nobody"), CASE)
    assert found.startswith("owner: 'model-owner' in the file")


@pytest.mark.parametrize("change", ["added", "trainer", "group"])
def test_a_model_that_is_changed_or_added_is_not_of_the_record(change: str) -> None:
    first = CASE.models[0]
    models = {
        "added": (first, first.model_copy(update={"name": "second", "group": "second"})),
        "trainer": (first.model_copy(update={"trainer": "risk-officer"}),),
        "group": (first.model_copy(update={"group": "second"}),),
    }[change]
    case, record = CASE.model_copy(update={"models": models}), high()
    assert changes_since(record, CASE) == []
    assert "in the file alone" in changes_since(record, case)[0]
    amended = next_record(FORM, record, "ml-engineer", NOW, models_of(case))
    assert amended is not None and amended.digest != record.digest
    assert changes_since(amended, case) == []
    with pytest.raises(BadInput, match="amended in poc alone"):
        advanced = said(said(record, "development"), "development", "risk-officer")
        next_record(FORM, advanced, "ml-engineer", NOW, models_of(case))


def test_a_use_case_has_a_chain_that_no_model_group_has() -> None:
    assert use_case_of(chain_of("credit_risk")) == "credit_risk"
    assert use_case_of("credit-risk") is None
