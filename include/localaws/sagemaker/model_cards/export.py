"""SageMaker: exports of model cards to PDF.

The job belongs to the card's account; the file is written to the requester's bucket with the
requester's permissions.
"""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localaws.kit.arns import parse_arn
from localaws.kit.paging import SAGEMAKER
from localaws.kit.service import Call, Service, ServiceError
from localaws.sagemaker.machine.failures import LIMIT, WorkFailedError
from localaws.sagemaker.machine.transfer import split_uri
from localaws.sagemaker.model_cards.cards import card_of
from localaws.sagemaker.model_cards.events import export_changed
from localaws.sagemaker.model_cards.keys import READ, require_key
from localaws.sagemaker.model_cards.pdf import Line, document
from localaws.sagemaker.model_cards.store import Card, ExportJob, ModelCards, Version
from localaws.sagemaker.registry.groups import in_window

sagemaker = Service.named("sagemaker")
ARN = "ModelCardExportJobArn"


@sagemaker.operation("CreateModelCardExportJob", resource="ModelCardName")
def create_model_card_export_job(call: Call) -> dict[str, Any]:
    """Start the export of a card's version as a PDF under `S3OutputPath`."""
    card, params = card_of(call), call.params
    version = card.version(params.get("ModelCardVersion"))
    name, output = params["ModelCardExportJobName"], params["OutputConfig"]["S3OutputPath"]
    try:
        split_uri(output)
    except WorkFailedError as error:
        raise ServiceError("ValidationException", f"S3OutputPath: {error.reason}") from error
    if name in card.jobs:
        raise ServiceError(
            "ConflictException", f"Model card export job {card.jobs[name].arn} already exists."
        )
    require_key(call, READ, card)
    now = call.now()
    arn = f"{card.arn}/export-job/{name}"
    job = card.jobs[name] = ExportJob(name, arn, version.number, output, now, now)
    export_changed(call, call.account, call.region, card, job)
    call.background(_export, call, card, version, job)
    return {ARN: arn}


@sagemaker.operation("DescribeModelCardExportJob", resource=ARN)
def describe_model_card_export_job(call: Call) -> dict[str, Any]:
    """Describe an export by its ARN; another account needs access to its card."""
    arn = call.params[ARN]
    name, _, job = parse_arn(arn).resource_id.partition("/export-job/")
    card = call.store(ModelCards).by_name.get(name)
    if card is None or job not in card.jobs:
        raise ServiceError("ResourceNotFound", f"Model card export job {arn} does not exist.")
    return card.jobs[job].describe(card.name)


@sagemaker.operation("ListModelCardExportJobs")
def list_model_card_export_jobs(call: Call) -> dict[str, Any]:
    """List the exports of an own card, by default the latest first."""
    card, params = card_of(call), call.params
    window = {k: v for k, v in params.items() if k.startswith("CreationTime")}
    window["NameContains"] = params.get("ModelCardExportJobNameContains", "")
    summaries = [
        job.summary(card.name)
        for job in card.jobs.values()
        if in_window(window, job.created, job.name)
        and params.get("StatusEquals") in (None, job.status)
        and params.get("ModelCardVersion") in (None, job.version)
    ]
    field = {"Name": "ModelCardExportJobName", "Status": "Status"}.get(
        params.get("SortBy", ""), "CreatedAt"
    )
    summaries.sort(key=lambda item: (item[field], item["ModelCardExportJobName"]))
    if params.get("SortOrder", "Descending") == "Descending":
        summaries.reverse()
    page, rest = SAGEMAKER.page(params, summaries)
    return {"ModelCardExportJobSummaries": page, **rest}


def _export(call: Call, card: Card, version: Version, job: ExportJob) -> None:
    bucket, prefix = split_uri(job.output)
    key = "/".join(part for part in (prefix.strip("/"), card.name, f"{job.name}.pdf") if part)
    try:
        call.client("s3").put_object(
            Bucket=bucket, Key=key, Body=render(card, version), ContentType="application/pdf"
        )
    except (ClientError, BotoCoreError) as error:
        job.failure = f"Upload to s3://{bucket}/{key} as {call.caller.arn} failed: {error}"[:LIMIT]
    else:
        job.artifact = f"s3://{bucket}/{key}"
    job.modified = call.now()
    job.status = "Failed" if job.failure else "Completed"
    export_changed(call, call.account, call.region, card, job)


def render(card: Card, version: Version) -> bytes:
    """Return a version of a card as a PDF."""
    lines = [
        Line(card.name, 18, bold=True),
        Line(f"{card.arn}, version {version.number}, {version.status}"),
        Line(f"Changed {version.at:%Y-%m-%d %H:%M:%S} UTC by {version.by['Arn']}"),
    ]
    for section, body in json.loads(version.content).items():
        lines += [Line(""), Line(_words(section), 13, bold=True), *_lines(body, 0)]
    return document(f"Model card {card.name}", lines)


def _lines(value: Any, indent: int) -> list[Line]:
    if isinstance(value, dict):
        lines: list[Line] = []
        for name, item in value.items():
            if isinstance(item, dict | list):
                lines += [Line(_words(name), indent=indent, bold=True), *_lines(item, indent + 12)]
            else:
                lines.append(Line(f"{_words(name)}: {item}", indent=indent))
        return lines
    if isinstance(value, list):
        return [line for item in value for line in _lines(item, indent)]
    return [Line(str(value), indent=indent)]


def _words(name: str) -> str:
    return name.replace("_", " ").capitalize()
