"""# platform__use_case: a use case is recorded, or its record amended

**What it does.** Writes the record of a use case in its proof of concept (`poc`), with an entry in
the use case's own audit chain. The record says what the use case is, how risky, and in which stage
of its life. From then on its versions enter the test and production accounts only as far as the
use case has come (docs/use-case-life.md).

**Parameters.** Each has its explanation in the form. What is left empty is taken from the record,
else from the use case's YAML file. Where there is a file, the two must say the same. A use case of
`unacceptable` risk is refused. One of `high` risk needs stakeholders, mitigation and oversight, and
two people for each approval.

**When.** By hand: before the first model of a use case goes to test, and whenever its file says
something else about name, risk, owner, line of business or project. A record is amended in `poc`
alone. Send a use case back first: `make reject USE_CASE=<id> FOR=poc REASON=…`.

**Then.** Others approve it, stage by stage: on its page under *Governance*, with
`make approve USE_CASE=<id> FOR=development AS=<person> REASON=…`, or the same call on AWS. Whoever
records a use case, owns it, or trains a model of it does not approve it.

**Accounts touched.** governance: the record is read as the recorder, written as the decider.

**Re-run.** Any time: what is recorded already is not written again. When two people amend at once,
one is refused and runs it again.

**Roll back.** Amend it, or have it retired. Records and their history stay.
"""

from airflow.sdk import DAG, Param

from causeway.governance.use_case_record import LONGEST_TEXT, RISKS
from causeway_airflow.dag_defaults import dag_arguments
from causeway_airflow.operators.use_cases import RecordUseCaseOperator

LINE, TEXT = 256, LONGEST_TEXT


def _text(title: str, description: str, longest: int) -> Param:
    return Param(
        None,
        type=["null", "string"],
        maxLength=longest,
        title=title,
        description=description,
    )


with DAG(
    "platform__use_case",
    schedule=None,
    params={
        "use_case": Param(
            None,
            type=["null", "string"],
            pattern="^[a-z][a-z0-9]*(_[a-z0-9]+)*$",
            maxLength=64,
            title="Id",
            description="As its YAML file is named: small letters, digits and _",
        ),
        "name": _text("Name", "What people call it; empty: as recorded or in the file", LINE),
        "risk": Param(
            None,
            type=["null", "string"],
            enum=[None, *RISKS],
            title="Risk by the EU AI Act",
            description="unacceptable is refused; high takes two approvers and complete cards",
        ),
        "owner": _text("Owner", "Who answers for it; the owner does not approve it", LINE),
        "line_of_business": _text("Line of business", "Empty: as recorded or in the file", LINE),
        "project": _text("Project", "Empty: as recorded or in the file", LINE),
        "stakeholders": _text(
            "Stakeholders", "Whom it concerns, and who was asked; for high risk", TEXT
        ),
        "mitigation": _text(
            "Mitigation", "What is done about its risks; required for high risk", TEXT
        ),
        "oversight": _text(
            "Human oversight", "Who oversees it, and how they stop it; for high risk", TEXT
        ),
    },
    **dag_arguments("platform", "governance", doc=__doc__),
):
    RecordUseCaseOperator(
        task_id="record",
        use_case="{{ params.use_case or '' }}",
        name="{{ params.name or '' }}",
        risk="{{ params.risk or '' }}",
        owner_of_use_case="{{ params.owner or '' }}",
        line_of_business="{{ params.line_of_business or '' }}",
        project="{{ params.project or '' }}",
        stakeholders="{{ params.stakeholders or '' }}",
        mitigation="{{ params.mitigation or '' }}",
        oversight="{{ params.oversight or '' }}",
    )
