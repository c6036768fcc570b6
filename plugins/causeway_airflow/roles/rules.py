"""Which role may do what with which DAG: the one table to read, and to change.

The roles are those of Airflow's simple auth manager, each with the rights of those before it. Every
role may look at every DAG. Whoever may edit an XCom writes what tasks hand to each other, and
whoever may delete a run deletes a record: both are an administrator's alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, IntEnum
from fnmatch import fnmatchcase
from typing import Final


class Role(IntEnum):
    """The roles, the lowest first; their names are Airflow's, in lower case."""

    VIEWER = 0
    USER = 1
    OP = 2
    ADMIN = 3


class Deed(Enum):
    """What somebody does with a DAG."""

    LOOK = "look"
    START = "start"  # trigger a run, backfill
    RERUN = "rerun"  # clear a task or a run, set its state, write a note on it
    ANSWER = "answer"  # answer a required action; Airflow then asks who may answer this one
    PAUSE = "pause"  # pause the DAG, unpause it, have it read again
    ADMINISTER = "administer"  # edit an XCom, delete a run or a DAG


@dataclass(frozen=True)
class Rule:
    """The lowest role for each deed with the DAGs of a pattern."""

    dags: str
    start: Role
    rerun: Role
    answer: Role = Role.USER
    pause: Role = Role.OP

    def lowest(self, deed: Deed) -> Role:
        """Return the lowest role that may do it."""
        return {
            Deed.LOOK: Role.VIEWER,
            Deed.START: self.start,
            Deed.RERUN: self.rerun,
            Deed.ANSWER: self.answer,
            Deed.PAUSE: self.pause,
            Deed.ADMINISTER: Role.ADMIN,
        }[deed]


#: The first line whose pattern is the DAG's counts; the last is for every DAG without its own.
RULES: Final = (
    Rule("*__features", start=Role.USER, rerun=Role.USER),
    Rule("*__training", start=Role.USER, rerun=Role.USER),
    # The sync starts promotions, one for each version; a run by hand has no promotion behind it.
    Rule("*__promotion", start=Role.ADMIN, rerun=Role.OP),
    Rule("*__rollback", start=Role.OP, rerun=Role.OP),
    Rule("*__retire", start=Role.OP, rerun=Role.OP),
    # They look, and change nothing; the audit locks what it saw.
    Rule("platform__access_log", start=Role.USER, rerun=Role.USER),
    Rule("platform__access_review", start=Role.USER, rerun=Role.USER),
    Rule("platform__audit", start=Role.USER, rerun=Role.USER),
    Rule("platform__catalogue", start=Role.USER, rerun=Role.USER),
    Rule("platform__feature_health", start=Role.USER, rerun=Role.USER),
    Rule("platform__live_models", start=Role.USER, rerun=Role.USER),
    Rule("platform__preflight", start=Role.USER, rerun=Role.USER),
    Rule("platform__reports", start=Role.USER, rerun=Role.USER),
    # It records again what others hold.
    Rule("platform__lineage", start=Role.USER, rerun=Role.USER),
    # They look, and store a report.
    Rule("*__lineage_report", start=Role.USER, rerun=Role.USER),
    Rule("platform__feature_retirement", start=Role.USER, rerun=Role.USER),
    # Whoever leads a use case records it; approving it is for others. A run that somebody else
    # starts again would record as its first one.
    Rule("platform__use_case", start=Role.USER, rerun=Role.OP),
    # They change accounts, shares, records of all use cases.
    Rule("platform__accounts", start=Role.OP, rerun=Role.OP),
    Rule("platform__erasure", start=Role.OP, rerun=Role.OP),
    Rule("platform__governance_sync", start=Role.OP, rerun=Role.OP),
    Rule("platform__sharing", start=Role.OP, rerun=Role.OP),
    Rule("*", start=Role.OP, rerun=Role.OP),
)

#: Beside DAGs: a connection says as whom Airflow acts, a variable what its code reads.
WRITE_CONNECTIONS: Final = Role.ADMIN
WRITE_VARIABLES: Final = Role.ADMIN
WRITE_POOLS: Final = Role.OP


def lowest(deed: Deed, dag_id: str | None) -> Role:
    """Return the lowest role for a deed; where no DAG is named, a role that may do it with all."""
    if dag_id is None:
        return max(rule.lowest(deed) for rule in RULES)
    return next(rule for rule in RULES if fnmatchcase(dag_id, rule.dags)).lowest(deed)
