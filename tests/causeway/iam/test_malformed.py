"""The error of a document that is no policy."""

from __future__ import annotations

from causeway.errors import CausewayError
from causeway.iam import MalformedPolicy


def test_it_is_of_the_one_tree_and_says_what_next() -> None:
    error = MalformedPolicy("it has no Statement")

    assert isinstance(error, CausewayError)
    assert str(error).startswith("malformed policy document: it has no Statement\nNext step: ")
    assert not error.retryable
