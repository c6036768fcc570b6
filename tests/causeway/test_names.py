"""Names of jobs: within AWS's pattern and length, and the same for the same inputs."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from causeway.names import attempt_name, job_name


@given(
    st.from_regex(r"[a-z][a-z0-9_]{0,80}", fullmatch=True),
    st.integers(1, 9),
    st.text("abcdef0123456789", min_size=64, max_size=64),
)
def test_names_are_valid_and_follow_their_inputs(prefix: str, attempt: int, digest: str) -> None:
    name = job_name(prefix, "train", digest, attempt, "c1")
    assert len(name) <= 63
    assert name == attempt_name(job_name(prefix, "train", digest, 1, "c1"), attempt)
    assert re.fullmatch(r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}", name)
