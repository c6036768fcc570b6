"""Writes a table to a feature group as others do; runs in the environment of one peer.

    python tests/perf/peer.py sdk-v2|sdk-v3|boto3 TABLE

Answers on standard output, one line a job read from standard input: what the job cost. Needs
nothing of the project: it runs where only a peer is installed.
"""

from __future__ import annotations

import importlib
import json
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

#: Stands before an answer, because libraries print, too.
MARK = "@@"
GROUP = "bench"
Write = Callable[[dict[str, Any]], Any]


def serve(write: Write) -> None:
    """Do the jobs of standard input and say what each cost, children included."""
    _say({"ready": True})
    for line in sys.stdin:
        job = json.loads(line)
        cpu, wall = _cpu(), time.monotonic()
        write(job)
        spent = {"cpu": _cpu() - cpu, "seconds": time.monotonic() - wall}
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        _say({**spent, "mib": peak})


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(f"\n{MARK}{json.dumps(answer)}\n")
    sys.stdout.flush()


def _cpu() -> float:
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in both)


def sdk_v2(table: Any) -> Write:
    """`FeatureGroup.ingest` of the SageMaker SDK v2."""
    module = importlib.import_module("sagemaker.feature_store.feature_group")
    session = importlib.import_module("sagemaker.session").Session()
    group = module.FeatureGroup(name=GROUP, sagemaker_session=session)

    def write(job: dict[str, Any]) -> None:
        group.ingest(table[: job["rows"]], max_workers=job["workers"], wait=True)

    return write


def sdk_v3(table: Any) -> Write:
    """`ingest_dataframe` of the SageMaker SDK v3, in batches."""
    module = importlib.import_module("sagemaker.mlops.feature_store.feature_utils")

    def write(job: dict[str, Any]) -> None:
        rows, workers = table[: job["rows"]], job["workers"]
        module.ingest_dataframe(GROUP, rows, max_workers=workers, use_batch_write_record=True)

    return write


def plain_boto3(table: Any) -> Write:
    """A loop over `batch_write_record`, 25 records a call."""
    client = importlib.import_module("boto3").client("sagemaker-featurestore-runtime")
    names = list(table.columns)

    def write(job: dict[str, Any]) -> None:
        records = [
            [{"FeatureName": n, "ValueAsString": str(v)} for n, v in zip(names, row, strict=True)]
            for row in table[: job["rows"]].itertuples(index=False)
        ]
        for start in range(0, len(records), 25):
            client.batch_write_record(
                Entries=[
                    {"FeatureGroupName": GROUP, "Record": record}
                    for record in records[start : start + 25]
                ]
            )

    return write


def main() -> None:
    kinds = {"sdk-v2": sdk_v2, "sdk-v3": sdk_v3, "boto3": plain_boto3}
    pandas = importlib.import_module("pandas")
    table = pandas.read_csv(sys.argv[2], sep=" ")
    table.insert(0, "event_time", "2019-11-24T00:00:00Z")
    table.insert(0, "record_id", [f"sgc-{number:06d}" for number in range(1, len(table) + 1)])
    serve(kinds[sys.argv[1]](table))


if __name__ == "__main__":
    main()
