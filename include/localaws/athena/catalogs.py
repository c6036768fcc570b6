"""Athena: data catalogues. `AwsDataCatalog` is the account's own; others name a Glue catalogue."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from localaws.glue.catalog import only
from localaws.kit.paging import Pager
from localaws.kit.service import Call, Service, ServiceError
from localaws.sagemaker.tags import TagStore

athena = Service.named("athena")
ATHENA = Pager("NextToken", "MaxResults", 50, "InvalidRequestException")
OWN = "AwsDataCatalog"
ACCOUNT = re.compile(r"\d{12}")


@dataclass
class DataCatalogs:
    """The registered data catalogues of one account in one region."""

    by_name: dict[str, dict[str, Any]] = field(default_factory=dict)

    def find(self, name: str) -> dict[str, Any] | None:
        """Return a data catalogue, also the account's own; letter case is ignored."""
        if name.lower() == OWN.lower():
            return {"Name": OWN, "Type": "GLUE", "Parameters": {}}
        return next(
            (catalog for key, catalog in self.by_name.items() if key.lower() == name.lower()), None
        )

    def get(self, name: str) -> dict[str, Any]:
        """Return a data catalogue; InvalidRequestException."""
        catalog = self.find(name)
        if catalog is None:
            raise refused(f"Data catalog {name} was not found")
        return catalog


def refused(message: str) -> ServiceError:
    """Return Athena's error for bad input, and for most things that do not exist."""
    return ServiceError("InvalidRequestException", message)


@athena.operation("CreateDataCatalog")
def create_data_catalog(call: Call) -> dict[str, Any]:
    """Register another account's Glue catalogue: type GLUE with the parameter `catalog-id`."""
    only(call, call.params, {"Name", "Type", "Description", "Parameters", "Tags"})
    catalogs, name = call.store(DataCatalogs), call.params["Name"]
    if catalogs.find(name):
        raise refused(f"Data catalog {name} already exists")
    catalogs.by_name[name] = described = {"Name": name, **_definition(call)}
    arn = call.arn(f"datacatalog/{name}")
    call.store(TagStore).put(arn, call.params.get("Tags"))
    return {"DataCatalog": described}


@athena.operation("GetDataCatalog")
def get_data_catalog(call: Call) -> dict[str, Any]:
    """Describe a data catalogue."""
    only(call, call.params, {"Name"})
    return {"DataCatalog": call.store(DataCatalogs).get(call.params["Name"])}


@athena.operation("ListDataCatalogs")
def list_data_catalogs(call: Call) -> dict[str, Any]:
    """List the data catalogues, the account's own first."""
    only(call, call.params, {"NextToken", "MaxResults"})
    catalogs = call.store(DataCatalogs)
    registered = [catalogs.get(OWN), *catalogs.by_name.values()]
    page, rest = ATHENA.page(call.params, registered)
    summaries = [
        {"CatalogName": catalog["Name"], "Type": catalog["Type"], "Status": "CREATE_COMPLETE"}
        for catalog in page
    ]
    return {"DataCatalogsSummary": summaries, **rest}


@athena.operation("UpdateDataCatalog")
def update_data_catalog(call: Call) -> dict[str, Any]:
    """Replace a registration."""
    only(call, call.params, {"Name", "Type", "Description", "Parameters"})
    catalog = call.store(DataCatalogs).get(call.params["Name"])
    if catalog["Name"] == OWN:
        raise refused(f"{OWN} cannot be changed")
    definition = _definition(call)
    catalog.clear()
    catalog.update(Name=call.params["Name"], **definition)
    return {}


@athena.operation("DeleteDataCatalog")
def delete_data_catalog(call: Call) -> dict[str, Any]:
    """Remove a registration; the other account's catalogue is not affected."""
    only(call, call.params, {"Name"})
    catalogs, name = call.store(DataCatalogs), call.params["Name"]
    if catalogs.get(name)["Name"] == OWN:
        raise refused(f"{OWN} cannot be deleted")
    del catalogs.by_name[name]
    call.store(TagStore).forget(call.arn(f"datacatalog/{name}"))
    return {}


def _definition(call: Call) -> dict[str, Any]:
    params = call.params
    if params["Type"] != "GLUE":
        raise ServiceError(
            "UnsupportedOperation",
            f"athena:{call.operation} of type {params['Type']} is not served by the local AWS.",
            501,
        )
    parameters = params.get("Parameters") or {}
    if set(parameters) != {"catalog-id"} or not ACCOUNT.fullmatch(parameters["catalog-id"]):
        raise refused("A data catalog of type GLUE needs the parameter catalog-id, an account id")
    definition: dict[str, Any] = {
        member: params[member]
        for member in ("Type", "Description", "Parameters")
        if member in params
    }
    return {**definition, "Status": "CREATE_COMPLETE"}
