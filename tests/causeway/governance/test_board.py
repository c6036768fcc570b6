from dataclasses import replace

from causeway.governance.board import BoardRow, board
from causeway.use_cases.files import load_use_cases
from causeway.versions.stages import Stage, Status

MODEL = next(case for case in load_use_cases() if case.id == "credit_risk").models[0]


def row(make_record, **stages: Status) -> BoardRow:
    return board(make_record(Stage(stage), status) for stage, status in stages.items())[0]


def test_a_board_has_a_row_for_each_version_the_newest_first(make_record, make_version) -> None:
    records = [
        replace(make_record(stage, Status.APPROVED), version_arn=make_version(number).arn)
        for number in (1, 3, 2)
        for stage in (Stage.DEVELOPMENT, Stage.TEST)
    ]
    rows = board(records)
    assert [shown.label for shown in rows] == ["credit-risk/3", "credit-risk/2", "credit-risk/1"]
    assert all(set(shown.records) == {Stage.DEVELOPMENT, Stage.TEST} for shown in rows)


def test_a_version_waits_for_those_who_decide_on_its_next_stage(make_record) -> None:
    first = row(make_record, development=Status.PENDING).wait(MODEL)
    second = row(make_record, development=Status.APPROVED, test=Status.PENDING).wait(MODEL)
    assert first is not None and second is not None
    assert (first.target, first.people) == (Stage.TEST, ("model-owner",))
    assert (second.target, second.people) == (Stage.PRODUCTION, ("governance-officer",))


def test_a_version_in_the_middle_of_a_test_or_rejected_waits_for_nobody(make_record) -> None:
    under_test = row(make_record, development=Status.APPROVED, test=Status.IN_PROGRESS)
    rejected = row(make_record, development=Status.REJECTED)
    assert under_test.wait(MODEL) is None
    assert rejected.wait(MODEL) is None
    assert rejected.is_refused and not under_test.is_refused


def test_what_is_deployed_in_production_is_live_and_one_held_back_is_refused(make_record) -> None:
    assert row(make_record, production=Status.DEPLOYED).is_live
    assert not row(make_record, production=Status.SUPERSEDED).is_live
    assert row(make_record, development=Status.QUARANTINED).is_refused
