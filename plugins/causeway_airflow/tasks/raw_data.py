"""A raw file: fetched from where it is, checked against the contract, stored by its digest."""

from __future__ import annotations

import csv
import io
import logging
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from causeway.errors import BadInput
from causeway.features.event_times import delivered_at
from causeway.features.groups import raw_key, rows_key
from causeway.features.origins import Synthetic, require_no_other
from causeway.ingestion import samples
from causeway.ingestion.raw_data import RawFile, validate_raw
from causeway.ingestion.unpacking import unpack
from causeway.topology.account_roles import AccountRole
from causeway.use_cases.contracts import RawData
from causeway.use_cases.published import NEXT_STEP, Published, check_digest
from causeway.use_cases.raw_sources import EVERY_SOURCE, RawSource
from causeway_airflow.configuration import case_of, topology
from causeway_airflow.hooks.artifacts import ArtifactsHook
from causeway_airflow.hooks.published import SCHEMES, download
from causeway_airflow.results import ValidatedFile
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.local_files import LocalFile, local_file
from causeway_airflow.tasks.origins import origin_of_group

log = logging.getLogger(__name__)


#: What `data` says to get the synthetic sample, or the file that the contract says is published.
SAMPLE: Final = "sample"
PUBLISHED: Final = "published"
#: The metadata of a stored raw file that says that its rows are invented: whoever hands it in again
#: under another name hands in invented rows.
SYNTHETIC: Final = "synthetic"


@dataclass(frozen=True)
class Sample:
    """The synthetic sample that stands for a raw file: its rows, and its seed.

    `over_records` lets it be written over records of another source.
    """

    rows: int
    seed: int
    over_records: bool = False


def validate(
    hook: Hooks,
    role: AccountRole,
    use_case: str,
    data: str | None,
    as_of: str | None,
    sample: Sample,
    raw_source: str | None = None,
) -> ValidatedFile:
    """Check a whole raw file, then store it in the bucket of an account.

    `data` is a file of the inbox, an `s3://` URI, `published`, the published address, or `sample`.
    `as_of` is what the delivery declares as its as-of date; `raw_source` names the source that the
    file is of, None of a use case that has one.

    Raises:
        BadInput: no file is named; the file cannot be read, breaks its contract, or is not what is
            published; or a sample is asked for where it may not be.
        DownloadError: the published file cannot be downloaded now.
    """
    case, objects = case_of(use_case), hook(ArtifactsHook)
    source = case.raw_source(raw_source)
    time = delivered_at(source.data.event_time, as_of, datetime.now(UTC))
    with tempfile.TemporaryDirectory(prefix="causeway-raw-") as folder:
        file = _fetch(hook, source, data, sample, Path(folder))
        rows = Path(folder) / "rows.parquet"
        raw = validate_raw(
            file.path, source, file=file.name, rows_to=rows, sources=case.raw_sources
        )
        _require_published_rows(source.data, file, raw)
        uri = f"s3://{topology().bucket(role)}/{raw_key(case, raw.sha256)}"
        with file.path.open("rb") as content:
            metadata = {SYNTHETIC: "yes"} if file.synthetic else {}
            stored = objects.put(uri, content, sha256=raw.sha256, metadata=metadata)
        rows_uri = f"s3://{topology().bucket(role)}/{rows_key(case, raw.sha256, raw.rows_sha256)}"
        with rows.open("rb") as content:
            objects.put(rows_uri, content, sha256=raw.rows_sha256)
        synthetic = file.synthetic or (not stored.created and _was_sample(objects, uri))
    log.info("%s: %d rows, %s", file.name, raw.rows, uri)
    return ValidatedFile(
        data=file.name,
        sha256=raw.sha256,
        uri=uri,
        rows_uri=rows_uri,
        rows=raw.rows,
        as_of=time,
        stored=stored.created,
        synthetic=(Synthetic.YES if synthetic else Synthetic.NO).value,
    )


def is_chosen(use_case: str, source: str, chosen: str | None, data: str | None) -> bool:
    """Tell whether a run brings in a source: the one that is named, or all of them.

    Raises:
        ConfigError: none is named, or the use case has none of that name.
        BadInput: all of them of one file.
    """
    if chosen != EVERY_SOURCE:
        return case_of(use_case).raw_source(chosen).name == source
    if data not in (SAMPLE, PUBLISHED):
        raise BadInput(
            f"{data or 'no file'} is not of all sources of use case {use_case}",
            next_step=f"Name the one that it is of in `source`; all of them take `{PUBLISHED}` or, "
            f"on the local AWS, `{SAMPLE}`.",
        )
    return True


def fetch_published(
    data: RawData, published: Published, folder: Path, schemes: frozenset[str] = SCHEMES
) -> Path:
    """Download the published file of a contract and return the raw file on this worker.

    Raises:
        BadInput: it is too large, not the declared one, or is redirected to another protocol.
        DownloadError: the server does not answer, or not in time.
    """
    downloaded, target = folder / "download", folder / "raw"
    digest = download(published.address, downloaded, published.download_limit, schemes)
    check_digest(digest, published.download_sha256, published.address)
    format_ = data.format
    out = io.StringIO()
    csv.writer(
        out, delimiter=format_.separator, quotechar=format_.quote or None, lineterminator="\n"
    ).writerow(data.columns)
    header = out.getvalue()
    lacks_header = format_.header and not published.header
    unpack(
        downloaded, published, target, head=header.encode(format_.encoding) if lacks_header else b""
    )
    downloaded.unlink()
    return target


def _fetch(
    hook: Hooks, source: RawSource, data: str | None, sample: Sample, folder: Path
) -> LocalFile:
    objects, target = hook(ArtifactsHook), folder / "raw"
    if not data:
        raise BadInput(
            "no raw file is named",
            next_step="Give `data`: an s3:// URI, `published`, a file of the inbox or, on the "
            "local AWS, `sample`.",
        )
    if data == SAMPLE:
        _require_sample_allowed(hook, source, sample)
        about = source.name, source.data.format.encoding
        samples.write(source.use_case, sample.rows, sample.seed, target, *about)
        of = f" of {source.name}" if source.name else ""
        name = f"synthetic sample{of} ({sample.rows} rows, seed {sample.seed})"
        return LocalFile(name, target, synthetic=True)
    if data == PUBLISHED or ("://" in data and not data.startswith("s3://")):
        published = _declared(source, data)
        return LocalFile(published.address, fetch_published(source.data, published, folder))
    if data.startswith("s3://"):
        _require_declared(data)
    return local_file(objects, data, target)


def _require_sample_allowed(hook: Hooks, source: RawSource, sample: Sample) -> None:
    """Refuse invented rows on real accounts, and over records of another source."""
    if not topology().local:
        raise BadInput(
            f"the topology {topology().name} is of real accounts, which take no invented rows",
            next_step="Name a raw file in `data`.",
        )
    if sample.over_records:
        return
    groups = {group.name: origin_of_group(hook, group.name) for group in source.groups}
    require_no_other(groups, source.use_case)


def _was_sample(objects: ArtifactsHook, uri: str) -> bool:
    """Tell whether the file that is stored already was stored as a sample."""
    metadata = (objects.head(uri) or {}).get("Metadata", {})
    return bool(metadata.get(SYNTHETIC) == "yes")


def _require_declared(uri: str) -> None:
    """Refuse an object of a bucket that the topology does not declare; it could not be read."""
    own = topology().bucket(AccountRole.DATA)
    if uri.startswith(f"s3://{own}/") or any(place.holds(uri) for place in topology().landing):
        return
    declared = [f"s3://{own}/"]
    declared += [f"s3://{place.bucket}/{place.prefix}" for place in topology().landing]
    raise BadInput(
        f"{uri} is in no bucket that the topology declares: {', '.join(declared)}",
        next_step="Add it to the topology's `landing` (bucket, prefix, kms_key), run "
        "platform__accounts, and have the bucket's policy let the ingester read it.",
    )


def _declared(source: RawSource, data: str) -> Published:
    """Return what the contract declares; whoever starts the DAG can name no other address."""
    published = source.data.published
    if published is None or data not in (PUBLISHED, published.address):
        declared = published.address if published else "none"
        raise BadInput(
            f"{data} is no address that {source} declares; declared: {declared}",
            next_step="Give a file of the inbox, an s3:// URI or `published`.",
        )
    return published


def _require_published_rows(data: RawData, file: LocalFile, raw: RawFile) -> None:
    published = data.published
    if published is None or file.name != published.address:
        return
    if published.rows not in (None, raw.rows):
        raise BadInput(
            f"{file.name} has {raw.rows} rows; the contract declares {published.rows}",
            next_step=NEXT_STEP,
        )
