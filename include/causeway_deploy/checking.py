"""Reads topology and use cases as Airflow will, and says what to look at before deploying."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

from causeway.sharing.consumer_policies import consumer_policies
from causeway.topology.account_roles import GOVERNING, SHARERS
from causeway.topology.accounts import Topology
from causeway.topology.people import TRUST_LIMIT, Decided, trust_size, trust_statements
from causeway.use_cases.images import images_of, require_images
from causeway.use_cases.people import require_people
from causeway.use_cases.use_case import UseCase
from causeway_deploy.bootstrapping import guards_request, resources_request

#: Bytes that CloudFormation takes in a template that is not in S3 ("CloudFormation quotas").
TEMPLATE_LIMIT = 51_200


def check(
    topology: Topology, use_cases: Sequence[UseCase], folder: Path | None = None
) -> list[str]:
    """Return what is right but worth a look; `folder` is where the use cases were read from.

    Raises:
        ConfigError: something is wrong; naming the file, the key and what is allowed.
    """
    require_people(use_cases, topology, folder)
    require_images(use_cases, topology, folder)
    for role in SHARERS:
        consumer_policies(role, use_cases, topology, datetime.now(UTC))
    for case in use_cases:
        for image in images_of(case).values():
            topology.pinned_image(topology.image(image))
    notes = [*_sizes(topology), *_people(topology, use_cases)]
    if topology.local:
        notes.append("`local: true`: this topology is for the embedded local AWS only")
    if topology.outside_consumers:
        notes.append(
            "`outside_consumers: true`: the sharing duties may share with any account; deploy the "
            "guards again whenever the declared access to a bucket or a key changes"
        )
    if topology.unrecorded_use_cases:
        notes.append(
            "`unrecorded_use_cases: true`: versions of a use case without a record go as far as "
            "their own decisions let them; record the use cases and take the key out"
        )
    return notes


def _sizes(topology: Topology) -> list[str]:
    notes = []
    for role in topology.roles:
        for request in (guards_request(role, topology), resources_request(role, topology)):
            if request and len(request.template.encode()) > TEMPLATE_LIMIT:
                notes.append(
                    f"{request.name}: its template has more than {TEMPLATE_LIMIT} bytes; deploy it "
                    "with `aws cloudformation deploy --s3-bucket`"
                )
    for stage in get_args(Decided):
        if (
            trust_size(trust_statements(topology.people, stage, topology.airflow.door))
            > TRUST_LIMIT
        ):
            notes.append(
                f"people: the trust of the approver role of {stage} needs the quota `Role trust "
                "policy length` raised"
            )
    return notes


def _people(topology: Topology, use_cases: Sequence[UseCase]) -> list[str]:
    entitled = {
        person
        for case in use_cases
        for model in case.models
        for person in (*model.approvers.test, *model.approvers.production)
    }
    where = "in Airflow only" if topology.airflow.door else "nowhere: airflow.door is not set"
    notes = [
        f"people: {name} has no principal and decides {where}"
        for name in sorted(entitled)
        if topology.people[name].principal is None
    ]
    for name, person in topology.people.items():
        roles = topology.roles_of(person.principal.account) if person.principal else ()
        if others := [role.value for role in roles if role not in GOVERNING]:
            notes.append(
                f"people: {name} signs in from the account that is {', '.join(others)} too; its "
                "administrators could appear as them"
            )
    return notes
