"""What Athena calls need: the action on a workgroup or a data catalogue.

What a query reads and writes is asked for when it runs, in its caller's name. A query is of the
workgroup that it was started in.
"""

from __future__ import annotations

from collections.abc import Iterator

from localaws.identity.authorisation.asked import Asked, Need, needs_of_service
from localaws.identity.authorisation.needs.derived import derived, tags_of

FIRST = "primary"


@needs_of_service("athena")
def athena_needs(asked: Asked) -> Iterator[Need]:
    """Yield the operation on its workgroup or catalogue; the lists need it on everything."""
    action, params = f"athena:{asked.operation}", asked.params
    if asked.operation in ("CreateWorkGroup", "ListDataCatalogs", "ListWorkGroups"):
        name = params.get("Name")
        yield Need(action, asked.arn(f"workgroup/{name}") if name else "*", tags_of(params))
    elif "DataCatalog" in asked.operation:
        yield Need(action, asked.arn(f"datacatalog/{params.get('Name')}"), tags_of(params))
    elif "QueryExecutionId" in params:
        yield Need(action, asked.arn(f"workgroup/{_workgroup(asked)}"))
    elif "ResourceARN" in params:
        yield from derived(asked)
    else:
        yield Need(action, asked.arn(f"workgroup/{params.get('WorkGroup', FIRST)}"))


def _workgroup(asked: Asked) -> str:
    from localaws.athena.executions import Executions

    held = asked.stores.store(Executions, asked.account, asked.region).by_id
    found = held.get(str(asked.params["QueryExecutionId"]))
    return str(found.described["WorkGroup"]) if found else FIRST
