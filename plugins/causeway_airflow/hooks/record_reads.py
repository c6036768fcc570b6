"""Records read online by their identifiers, up to 100 a call, of any account by the group's ARN."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from causeway.errors import UnexpectedState
from causeway.features.enrichment import MOST, Enrichment, batches
from causeway_airflow.hooks.base import TRANSIENT_CODES, AwsTransientError, CausewayHook

#: The seconds before each time that what a call left over is requested again.
PAUSES = tuple(min(0.05 * 2**attempt, 5.0) for attempt in range(10))
NAMED = 5


class RecordReadsHook(CausewayHook):
    """The part of the feature store's data plane that reads."""

    service = "sagemaker-featurestore-runtime"

    def read(
        self, group: str, ids: Sequence[str], features: Sequence[str] = (), most: int = MOST
    ) -> Enrichment:
        """Return the online records of a group, and which identifiers have none.

        `group` is a name, or another account's ARN; `features` are some of the group's, empty for
        all. What the service leaves unprocessed, or answers with a passing error, is requested
        again.

        Raises:
            BadInput: more identifiers than `most`, or an empty one.
            UnexpectedState: the service answers for records with an error; it names them.
            AwsTransientError: after all attempts some are still unprocessed.
        """
        records: dict[str, dict[str, str]] = {}
        parts = list(batches(ids, most))
        for part in parts:
            records |= self._batch(group, part, list(features))
        missing = tuple(name for part in parts for name in part if name not in records)
        return Enrichment(records, missing)

    def _batch(self, group: str, ids: list[str], features: list[str]) -> dict[str, dict[str, str]]:
        records: dict[str, dict[str, str]] = {}
        left, last = ids, "unprocessed"
        for pause in PAUSES:
            names = {"FeatureNames": features} if features else {}
            request = {"FeatureGroupName": group, "RecordIdentifiersValueAsString": left, **names}
            reply = self.call("batch_get_record", Identifiers=[request])
            for item in reply["Records"]:
                records[item["RecordIdentifierValueAsString"]] = {
                    value["FeatureName"]: value["ValueAsString"] for value in item["Record"]
                }
            again, lasting = self._errors(reply["Errors"])
            if lasting:
                shown = "; ".join(lasting[:NAMED])
                more = f" and {len(lasting) - NAMED} more" if len(lasting) > NAMED else ""
                raise UnexpectedState(
                    f"reading {group}: {shown}{more}",
                    principal=self.principal,
                    next_step="Check the group's name or ARN, its share and its online store.",
                )
            left = again + [
                name
                for unread in reply["UnprocessedIdentifiers"]
                for name in unread["RecordIdentifiersValueAsString"]
            ]
            if not left:
                return records
            last = "failing for now" if again else "unprocessed"
            self.log.info("%s: %d of %d records left to read", group, len(left), len(ids))
            time.sleep(pause)
        raise AwsTransientError(
            f"reading {group}: {len(left)} records are still {last} after {len(PAUSES)} attempts, "
            f"among them {left[0]}",
            code="ThrottlingException",
            principal=self.principal,
            next_step="The feature store is throttled: the task retries within its bound.",
        )

    def _errors(self, errors: Sequence[dict[str, Any]]) -> tuple[list[str], list[str]]:
        """Return the identifiers to request again, and which errors will not pass."""
        again, lasting = [], []
        for error in errors:
            record, code = str(error["RecordIdentifierValueAsString"]), str(error["ErrorCode"])
            if code in TRANSIENT_CODES:
                again.append(record)
            else:
                lasting.append(f"record {record}: {code}: {error['ErrorMessage']}")
        return again, lasting
