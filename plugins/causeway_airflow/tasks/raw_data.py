"""A raw file: fetched from where it is, checked against the contract, stored by its digest."""

from __future__ import annotations

import logging
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from causeway.errors import BadInput
from causeway.features.event_times import delivered_at
from causeway.features.groups import raw_key
from causeway.ingestion import samples
from causeway.ingestion.raw_data import RawFile, validate_raw
from causeway.ingestion.unpacking import unpack
from causeway.topology.accounts import AccountRole
from causeway.use_cases.published import NEXT_STEP, Published, check_digest
from causeway.use_cases.use_case import UseCase
from causeway_airflow.configuration import case_of, topology
from causeway_airflow.hooks.artifacts import ArtifactsHook
from causeway_airflow.hooks.published import SCHEMES, download
from causeway_airflow.results import ValidatedFile
from causeway_airflow.tasks.acting import Hooks
from causeway_airflow.tasks.local_files import LocalFile, local_file

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Sample:
    """The synthetic sample that stands for a raw file: its rows, and its seed."""

    rows: int
    seed: int


def validate(
    hook: Hooks,
    role: AccountRole,
    use_case: str,
    data: str | None,
    as_of: str | None,
    sample: Sample,
) -> ValidatedFile:
    """Check a whole raw file, then store it in the bucket of an account.

    `data` is a file of the inbox, an `s3://` URI, `published` or the published address; without it
    the sample is taken. `as_of` is what the delivery declares as its as-of date.

    Raises:
        BadInput: the file cannot be read, breaks its contract, or is not what is published.
        DownloadError: the published file cannot be downloaded now.
    """
    case, objects = case_of(use_case), hook(ArtifactsHook)
    time = delivered_at(case.data.event_time, as_of, datetime.now(UTC))
    with tempfile.TemporaryDirectory(prefix="causeway-raw-") as folder:
        file = _fetch(objects, case, data, sample, Path(folder))
        raw = validate_raw(file.path, case, file=file.name)
        _require_published_rows(case, file, raw)
        uri = f"s3://{topology().bucket(role)}/{raw_key(case, raw.sha256)}"
        with file.path.open("rb") as content:
            stored = objects.put(uri, content, sha256=raw.sha256)
    log.info("%s: %d rows, %s", file.name, raw.rows, uri)
    return ValidatedFile(
        data=file.name,
        sha256=raw.sha256,
        uri=uri,
        rows=raw.rows,
        as_of=time,
        stored=stored.created,
    )


def fetch_published(
    case: UseCase, published: Published, folder: Path, schemes: frozenset[str] = SCHEMES
) -> Path:
    """Download a use case's published file and return the raw file on this worker.

    Raises:
        BadInput: it is too large, not the declared one, or is redirected to another protocol.
        DownloadError: the server does not answer, or not in time.
    """
    downloaded, target = folder / "download", folder / "raw"
    digest = download(published.address, downloaded, published.download_limit, schemes)
    check_digest(digest, published.download_sha256, published.address)
    format_ = case.data.format
    header = format_.separator.join(case.data.columns) + "\n"
    lacks_header = format_.header and not published.header
    unpack(downloaded, published, target, head=header.encode() if lacks_header else b"")
    downloaded.unlink()
    return target


def _fetch(
    objects: ArtifactsHook, case: UseCase, data: str | None, sample: Sample, folder: Path
) -> LocalFile:
    target = folder / "raw"
    if not data:
        samples.write(case.id, sample.rows, sample.seed, target)
        return LocalFile(f"synthetic sample ({sample.rows} rows, seed {sample.seed})", target)
    if data == "published" or ("://" in data and not data.startswith("s3://")):
        published = _declared(case, data)
        return LocalFile(published.address, fetch_published(case, published, folder))
    if data.startswith("s3://"):
        _require_declared(data)
    return local_file(objects, data, target)


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


def _declared(case: UseCase, data: str) -> Published:
    """Return what the contract declares; whoever starts the DAG can name no other address."""
    published = case.data.published
    if published is None or data not in ("published", published.address):
        declared = published.address if published else "none"
        raise BadInput(
            f"{data} is no address that use case {case.id} declares; declared: {declared}",
            next_step="Give a file of the inbox, an s3:// URI or `published`.",
        )
    return published


def _require_published_rows(case: UseCase, file: LocalFile, raw: RawFile) -> None:
    published = case.data.published
    if published is None or file.name != published.address:
        return
    if published.rows not in (None, raw.rows):
        raise BadInput(
            f"{file.name} has {raw.rows} rows; the contract declares {published.rows}",
            next_step=NEXT_STEP,
        )
