"""The access review on the local AWS: quiet when all is as declared, loud when it is not."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

from tests.local_platform import LocalPlatform

STRANGER = "999999999999"


def reviewed(run: str) -> tuple[dict[str, Any], dict[str, Any]]:
    from causeway.topology.account_roles import AUDITORS
    from causeway_airflow.operators.access import ObserveAccessOperator
    from causeway_airflow.operators.access_review import AccessReviewOperator, GrantUsageOperator

    sights = [
        ObserveAccessOperator(task_id=f"see_{role.value}", account_role=role.value).perform({})
        for role in AUDITORS
    ]
    usage = [
        GrantUsageOperator(task_id=f"use_{role}", account_role=role).perform({})
        for role in ("data", "shared_services")
    ]
    context: Any = {"dag_run": SimpleNamespace(run_id=run, dag_id="platform__access_review")}
    operator = AccessReviewOperator(task_id="review", sights=sights, usage=usage)
    return operator.perform(context), {part["account"]: part["uses"] for part in usage}


def test_a_stranger_behind_the_declarations_back_is_named_and_raises_an_alert(
    shared: LocalPlatform,
) -> None:
    quiet, uses = reviewed("quiet")
    assert quiet["alerts"] == 0, quiet
    # Nobody has registered anything here, and the report says so.
    assert quiet["findings"]["not used"] >= 1
    assert set(uses) == {"111111111111", "333333333333"}

    ram = shared.client("ram", "data")
    share = next(
        share["resourceShareArn"]
        for share in ram.get_resource_shares(resourceOwner="SELF")["resourceShares"]
        if share["name"].startswith("causeway-features-") and share["status"] == "ACTIVE"
    )
    ram.associate_resource_share(resourceShareArn=share, principals=[STRANGER])
    other = ram.create_resource_share(name="somebody-s", principals=[STRANGER])["resourceShare"]
    try:
        loud, _ = reviewed("loud")
    finally:
        ram.disassociate_resource_share(resourceShareArn=share, principals=[STRANGER])
        ram.delete_resource_share(resourceShareArn=other["resourceShareArn"])
    assert loud["alerts"] == 2
    bucket, _, key = loud["report"].removeprefix("s3://").partition("/")
    stored = shared.client("s3", "governance").get_object(Bucket=bucket, Key=key)["Body"]
    drift = {
        finding["finding"]: finding["concerns"]
        for finding in json.load(stored)["findings"]
        if finding["finding"].startswith("unknown")
    }
    assert drift == {"unknown share": STRANGER, "unknown principal": STRANGER}
