"""What Athena calls need: the action on a workgroup or a data catalogue.

What a query reads and writes is authorised when it runs, for its caller. A query belongs to the
workgroup that it was started in.
"""

from __future__ import annotations

from collections.abc import Iterator

from localaws.identity.authorisation.needs.derived import derived, tags_of
from localaws.identity.authorisation.request import AuthorisationRequest, Need, needs_of_service

FIRST = "primary"


@needs_of_service("athena")
def athena_needs(request: AuthorisationRequest) -> Iterator[Need]:
    """Yield the operation on its workgroup or catalogue, or on everything for lists."""
    action, params = f"athena:{request.operation}", request.params
    if request.operation in ("CreateWorkGroup", "ListDataCatalogs", "ListWorkGroups"):
        name = params.get("Name")
        yield Need(action, request.arn(f"workgroup/{name}") if name else "*", tags_of(params))
    elif "DataCatalog" in request.operation:
        yield Need(action, request.arn(f"datacatalog/{params.get('Name')}"), tags_of(params))
    elif "QueryExecutionId" in params:
        yield Need(action, request.arn(f"workgroup/{_workgroup(request)}"))
    elif "ResourceARN" in params:
        yield from derived(request)
    else:
        yield Need(action, request.arn(f"workgroup/{params.get('WorkGroup', FIRST)}"))


def _workgroup(request: AuthorisationRequest) -> str:
    from localaws.athena.executions import Executions

    executions = request.stores.store(Executions, request.account, request.region).by_id
    execution = executions.get(str(request.params["QueryExecutionId"]))
    return str(execution.described["WorkGroup"]) if execution else FIRST
