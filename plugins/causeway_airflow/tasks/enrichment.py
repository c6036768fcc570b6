"""Small enrichments: the present values of some records, read online by their identifiers."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Final, Literal

from causeway.errors import BadInput
from causeway.features.enrichment import typed
from causeway_airflow.hooks.feature_store import FeatureGroupsHook
from causeway_airflow.hooks.record_reads import RecordReadsHook
from causeway_airflow.results import EnrichedRecords
from causeway_airflow.tasks.acting import Hooks

log = logging.getLogger(__name__)

Missing = Literal["report", "refuse"]
#: Missing identifiers that an error shows.
SHOWN: Final = 20


def enrich(
    hook: Hooks, group: str, ids: Sequence[str], features: Sequence[str], missing: Missing
) -> EnrichedRecords:
    """Read the online records of a group, which is a name or another account's ARN.

    `features` are some of the group's, empty for all.

    Raises:
        BadInput: identifiers without a record where they are refused, or too many identifiers.
    """
    description = hook(FeatureGroupsHook).describe(group)
    types = {
        feature["FeatureName"]: feature["FeatureType"]
        for feature in description["FeatureDefinitions"]
    }
    reply = hook(RecordReadsHook).read(group, ids, features)
    if reply.missing:
        share = f"{len(reply.missing)} of {len(reply.records) + len(reply.missing)} records"
        if missing == "refuse":
            raise BadInput(
                f"{share} are not in {group}: {', '.join(reply.missing[:SHOWN])}",
                next_step="Ingest them, or take `missing='report'`.",
            )
        log.warning("%s are not in %s", share, group)
    return EnrichedRecords(
        feature_group=group,
        records={name: typed(record, types) for name, record in reply.records.items()},
        missing=list(reply.missing),
    )
