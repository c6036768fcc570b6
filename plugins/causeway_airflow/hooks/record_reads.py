"""Records read online by their identifiers, up to 100 a call, of any account by the group's ARN."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from causeway.errors import UnexpectedState
from causeway.features.enrichment import MOST, Enrichment, batches
from causeway_airflow.hooks.base import TRANSIENT_CODES, AwsTransientError, CausewayHook

#: How often what a call left over is asked for again, and the seconds before each time.
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
        all. What the service leaves unprocessed, or answers with a passing error, is asked for
        again.

        Raises:
            BadInput: more identifiers than `most`, or an empty one.
            UnexpectedState: the service answers for records with an error; it names them.
            AwsTransientError: after all attempts some are still unprocessed.
        """
        found: dict[str, dict[str, str]] = {}
        wanted = [one for part in batches(ids, most) for one in part]
        for part in batches(ids, most):
            found |= self._batch(group, part, list(features))
        return Enrichment(found, tuple(one for one in wanted if one not in found))

    def _batch(self, group: str, ids: list[str], features: list[str]) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        left, last = ids, "unprocessed"
        for pause in PAUSES:
            names = {"FeatureNames": features} if features else {}
            asked = {"FeatureGroupName": group, "RecordIdentifiersValueAsString": left, **names}
            reply = self.call("batch_get_record", Identifiers=[asked])
            for one in reply["Records"]:
                found[one["RecordIdentifierValueAsString"]] = {
                    feature["FeatureName"]: feature["ValueAsString"] for feature in one["Record"]
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
                one
                for unread in reply["UnprocessedIdentifiers"]
                for one in unread["RecordIdentifiersValueAsString"]
            ]
            if not left:
                return found
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
        """Return the identifiers to ask for again, and what is wrong for good."""
        again, lasting = [], []
        for one in errors:
            record, code = str(one["RecordIdentifierValueAsString"]), str(one["ErrorCode"])
            if code in TRANSIENT_CODES:
                again.append(record)
            else:
                lasting.append(f"record {record}: {code}: {one['ErrorMessage']}")
        return again, lasting
