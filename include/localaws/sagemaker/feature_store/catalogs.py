"""SageMaker: the catalog of an account's feature groups, which makes them discoverable."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from localaws.kit.arns import Arn
from localaws.kit.paging import SAGEMAKER
from localaws.kit.service import Call, Service
from localaws.ram.resources import shareable

if TYPE_CHECKING:
    from localaws.kit.capabilities import Accounts

sagemaker = Service.named("sagemaker")
NAME = "DefaultFeatureGroupCatalog"


@sagemaker.operation("ListResourceCatalogs")
def list_resource_catalogs(call: Call) -> dict[str, Any]:
    """List the account's catalog: every account has exactly one."""
    catalog = {
        "ResourceCatalogArn": call.arn(f"sagemaker-catalog/{NAME}"),
        "ResourceCatalogName": NAME,
        "Description": "All feature groups of this account",
        "CreationTime": datetime(2023, 1, 1, tzinfo=UTC),
    }
    fragment = call.params.get("NameContains", "")
    page, rest = SAGEMAKER.page(call.params, [catalog] if fragment in NAME else [])
    return {"ResourceCatalogs": page, **rest}


@shareable("sagemaker:SagemakerCatalog")
def catalog_exists(accounts: Accounts, arn: Arn) -> bool:
    """Tell RAM whether a catalog exists: every account of the local AWS has exactly one."""
    return arn.resource_id == NAME and arn.account in accounts.account_ids()
