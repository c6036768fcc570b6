"""Fixed names of AWS resources that there is one of, whatever the topology."""

from __future__ import annotations

from typing import Final

#: The Glue database of offline stores, where the contract names no other (AWS's own name).
FEATURE_DATABASE: Final = "sagemaker_featurestore"
#: Under which name the consumers' Athena knows the data account's Glue catalogue.
DATA_CATALOG: Final = "causeway_data"
#: The consumers' workgroup.
WORKGROUP: Final = "causeway"
GOVERNANCE_TABLE: Final = "causeway-governance"
REGISTRY_QUEUE: Final = "causeway-registry-events"
ALERTS_TOPIC: Final = "causeway-alerts"
