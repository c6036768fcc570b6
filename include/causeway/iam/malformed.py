# ruff: noqa: N818 - the name says what happened; the root of the tree says Error
"""The one error of this package: a document that IAM would not have stored."""

from __future__ import annotations

from causeway.errors import ConfigError


class MalformedPolicy(ConfigError):
    """A policy document breaks IAM's grammar; the message names the statement and element."""

    def __init__(self, what: str) -> None:
        super().__init__(
            f"malformed policy document: {what}",
            next_step='Fix the document; see "IAM User Guide: Grammar of the IAM JSON policy '
            'language".',
        )
