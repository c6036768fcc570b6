"""# platform__catalogue: which features there are, and whom to ask for them

**What it does.** Looks, as one account, through its own feature groups and those that other
accounts let it discover, and writes what answers the question to the log as a table: owner,
account, when it was last filled, access, features. To find a group is not to read it: where there
is no access, the line below the table says whom to ask.

**Parameters.** `text` (in names, descriptions, parameters), `owner`, `tag` (`key` or `key=value`),
`type`, `account_role` (who asks). Empty ones do not narrow.

**When.** By hand. The same question is answered by `GET /causeway/api/feature-groups`.

**Accounts touched.** The one that asks, as its explorer (read only).

**Re-run.** Any time.

**Roll back.** There is nothing to: it changes nothing.
"""

from typing import Any

from airflow.sdk import DAG, Param

from causeway_airflow.dag_defaults import dag_arguments
from causeway_airflow.operators.discovery import DiscoverFeaturesOperator


def words(title: str, **schema: Any) -> Param:
    """Return a parameter that may be left empty; the form asks for a text that is not null."""
    return Param(None, type=["null", "string"], title=title, **schema)


with DAG(
    "platform__catalogue",
    schedule=None,
    params={
        "text": words("Words in names, descriptions or parameters"),
        "owner": words("Owner"),
        "tag": words("Tag", description="key or key=value"),
        "type": words("Feature type", enum=[None, "Integral", "Fractional", "String"]),
        "account_role": Param("data_science", type="string", title="Account role that asks"),
    },
    **dag_arguments("platform", "features", doc=__doc__),
):
    DiscoverFeaturesOperator(
        task_id="discover",
        text="{{ params.text or '' }}",
        owner_name="{{ params.owner or '' }}",
        tag="{{ params.tag or '' }}",
        type="{{ params.type or '' }}",
        account_role="{{ params.account_role }}",
    )
