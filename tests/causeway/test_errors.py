import pickle

import pytest

from causeway import errors


def test_message_names_what_where_who_and_the_next_step() -> None:
    error = errors.NotFound(
        "describing x", account="111111111111", principal="role/a", next_step="Grant it."
    )
    assert str(error) == (
        "describing x (account 111111111111, principal role/a)\nNext step: Grant it."
    )


def test_bad_input_lists_problems_and_counts_the_rest() -> None:
    error = errors.BadInput("file", [errors.Problem(3, "age", "x", "is no number")], more=2)
    assert str(error) == "file\n- row 3, column 'age', value 'x': is no number\n- and 2 more"


@pytest.mark.parametrize(
    ("kind", "retryable"),
    [
        (errors.StillRunning, True),
        (errors.LeaseHeld, True),
        (errors.WriteConflict, True),
        (errors.BadInput, False),
        (errors.ApprovalRefused, False),
        (errors.Superseded, False),
    ],
)
def test_only_what_another_attempt_mends_is_retryable(
    kind: type[errors.CausewayError], retryable: bool
) -> None:
    assert kind.retryable is retryable


@pytest.mark.parametrize(
    "error",
    [
        errors.BadInput("what", [errors.Problem(1, None, None, "y")], next_step="z"),
        errors.ApprovalRefused("what", quarantine=True, account="1"),
    ],
)
def test_errors_survive_pickling(error: errors.CausewayError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert str(again) == str(error)
    assert vars(again) == vars(error)
