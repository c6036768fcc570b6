"""Where rows come from: what is invented stays known, however often real rows are put beside it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from causeway.errors import BadInput
from causeway.features.origins import (
    GroupOrigin,
    Origin,
    Synthetic,
    group_origin,
    require_no_other,
    together,
)

NO, YES, PARTLY, UNKNOWN = Synthetic.NO, Synthetic.YES, Synthetic.PARTLY, Synthetic.UNKNOWN
KINDS = st.lists(st.sampled_from(Synthetic), min_size=1)


@given(KINDS)
def test_rows_count_as_real_only_where_all_of_them_are(kinds: list[Synthetic]) -> None:
    assert (together(kinds) is NO) == (set(kinds) == {NO})
    assert (together(kinds) is YES) == (set(kinds) == {YES})
    assert together(kinds) is together(reversed(kinds))


def test_of_nothing_nothing_is_known() -> None:
    assert together([]) is UNKNOWN
    assert together([NO, UNKNOWN]) is UNKNOWN
    assert together([NO, YES, NO]) is PARTLY


def test_what_a_summary_says_holds_since_the_group_was_created() -> None:
    origin = Origin("a.csv", "a" * 64, 3, YES)
    at = "2026-01-02T00:00:00.000000+00:00"
    summary = {"finished_at": at, "origin": origin.document(), "synthetic": "partly"}
    assert group_origin(summary) == GroupOrigin(origin, PARTLY)
    assert group_origin(summary, datetime(2026, 1, 1, tzinfo=UTC)) is not None
    assert group_origin(summary, datetime(2026, 1, 3, tzinfo=UTC)) is None
    assert group_origin(None) is None


def test_of_a_summary_that_says_nothing_nothing_is_known() -> None:
    earlier = group_origin({"finished_at": "2026-01-02T00:00:00Z", "source": "s3://b/f"})
    assert earlier == GroupOrigin(Origin("s3://b/f"), UNKNOWN)


@pytest.mark.parametrize("kind", [NO, PARTLY, UNKNOWN])
def test_invented_rows_are_refused_beside_any_others(kind: Synthetic) -> None:
    origin = Origin("a.csv", "a" * 64, 3, NO)
    with pytest.raises(
        BadInput, match=r"g hold records .*\(g: a.csv, 3 rows, SHA-256 aaaaaaaaaaaa"
    ):
        require_no_other({"f": None, "g": GroupOrigin(origin, kind)}, "credit_risk")
    require_no_other({"f": None, "g": GroupOrigin(origin, YES)}, "credit_risk")
