"""A verdict: whether something works, and if not, which side is missing."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final


class Answer(StrEnum):
    """Whether a consumer can do something. `untested` is not a yes."""

    YES = "yes"
    NO = "no"
    UNTESTED = "untested"


class Side(StrEnum):
    """What may be missing; the values are the words of the report."""

    SHARE = "share"
    INVITATION = "invitation"
    PERMISSION = "permission"
    IDENTITY = "identity policy"
    BOUNDARY = "permissions boundary"
    BUCKET = "bucket policy"
    KEY = "key policy"
    GROUP = "model group policy"
    CATALOGUE = "Glue catalogue policy"
    LAKE = "Lake Formation grant"
    ORGANISATION = "service control policy"
    REGION = "region"
    ABSENT = "resource"
    UNKNOWN = "unknown"


#: What fixes each side; docs/access.md says more.
REMEDIES: Final[dict[Side, str]] = {
    Side.SHARE: "Run platform__sharing; the resource or the account is not in the share.",
    Side.INVITATION: "Run platform__sharing; it shares anew what expired, and accepts.",
    Side.PERMISSION: "Run platform__sharing; the share has another permission than declared.",
    Side.IDENTITY: "Run platform__accounts; the consumer's role lacks it, or is denied it.",
    Side.BOUNDARY: "Ask the account's administrators; the role's permissions boundary lacks it.",
    Side.BUCKET: "Run platform__accounts and platform__sharing; the bucket's policy lacks it.",
    Side.KEY: "Run platform__accounts and platform__sharing; the key's policy lacks it.",
    Side.GROUP: "Run platform__sharing; the model group's policy lacks it.",
    Side.CATALOGUE: "Run platform__sharing; the Glue catalogue's policy lacks it.",
    Side.LAKE: "Ask the owner's data lake administrators; the role needs SELECT on the table.",
    Side.ORGANISATION: "Ask the organisation's administrators; a service control policy denies it.",
    Side.REGION: "Use the region of the resource: shares do not cross regions.",
    Side.ABSENT: "Create the resource first: run the features DAG or platform__accounts. A model "
    "card is shared once it has come to the status that its grant says.",
    Side.UNKNOWN: "Read AWS's answer beside it; compare with CloudTrail in the owner's account.",
}


@dataclass(frozen=True)
class Verdict:
    """An answer, the missing sides of a no, and the words that it came from."""

    answer: Answer
    sides: tuple[Side, ...] = ()
    reason: str = ""

    def __str__(self) -> str:
        if self.answer is Answer.NO:
            return f"no: {', '.join(self.sides) or Side.UNKNOWN}"
        return self.answer.value

    def as_json(self) -> dict[str, Any]:
        """The verdict as it travels between tasks."""
        return {
            "answer": self.answer.value,
            "sides": [side.value for side in self.sides],
            "reason": self.reason,
        }

    @classmethod
    def of_json(cls, value: dict[str, Any]) -> Verdict:
        """Read what `as_json` wrote."""
        sides = tuple(Side(side) for side in value["sides"])
        return cls(Answer(value["answer"]), sides, value["reason"])


YES: Final = Verdict(Answer.YES)


def no(*sides: Side, reason: str = "") -> Verdict:
    """Return a no."""
    return Verdict(Answer.NO, tuple(dict.fromkeys(sides)), reason)


def untested(reason: str) -> Verdict:
    """Return that nobody can tell yet."""
    return Verdict(Answer.UNTESTED, (), reason)
