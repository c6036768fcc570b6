"""Objects of S3: forms as bodies, unknown uploads, and what a delete marker answers.

Sources: S3 API Reference, `NoSuchUpload` in "Error responses"; S3 User Guide, "Working with delete
markers" (404 and `x-amz-delete-marker` for the current version, 405 for a marker's own version).
"""

from __future__ import annotations

from functools import cache
from typing import Any

from localaws.door.incoming import FORM
from localaws.door.protocol import Reply, error_reply
from localaws.door.routing import bucket_of
from localaws.engine.corrections import MotoCall, Serve, around, before
from localaws.kit.service import ServiceError

UPLOADS = (
    "UploadPart",
    "UploadPartCopy",
    "CompleteMultipartUpload",
    "AbortMultipartUpload",
    "ListParts",
)


@cache
def store_forms_as_they_are() -> None:
    """Keep moto from reading a body as a form that is none: there is nothing left to store then.

    For S3, only the form of a browser is one (S3 API Reference, "POST Object"), which is not
    supported here.
    """
    from moto.core.request import Request

    def form(request: Any) -> bool:
        return bool(request.environ.get(FORM))

    Request.want_form_data_parsed = property(form)  # type: ignore[assignment]


@before("s3", *UPLOADS)
def check_upload(call: MotoCall) -> None:
    """Refuse an upload that does not exist; completing it a second time is answered again."""
    bucket, upload = bucket_of(call.params.get("Bucket")), call.params.get("UploadId")
    if bucket is None or upload in bucket.multiparts:
        return
    stored = bucket.keys.get(call.params.get("Key"))
    if call.operation == "CompleteMultipartUpload":
        multipart = getattr(stored, "multipart", None)
        if multipart is not None and multipart.id == upload:
            return
    raise ServiceError(
        "NoSuchUpload",
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have "
        "been aborted or completed.",
        404,
    )


@around("s3", "GetObject", "HeadObject")
def answer_for_marker(call: MotoCall, serve: Serve) -> Reply:
    """Tell that what is asked for is a delete marker."""
    marker = _marker(call)
    if marker is None:
        return serve()
    if call.params.get("VersionId"):
        error = ServiceError(
            "MethodNotAllowed", "The specified method is not allowed against this resource.", 405
        )
        headers = [("Allow", "DELETE")]
    else:
        error, headers = ServiceError("NoSuchKey", "The specified key does not exist.", 404), []
    answer = error_reply("s3", error, "")
    headers += [("x-amz-delete-marker", "true"), ("x-amz-version-id", str(marker.version_id))]
    body = answer.body if call.operation == "GetObject" else b""
    return Reply(answer.status, [*answer.headers, *headers], body)


@around("s3", "DeleteObject")
def answer_for_deleted_marker(call: MotoCall, serve: Serve) -> Reply:
    """Tell that the version that is deleted is a delete marker."""
    removed = _marker(call) if call.params.get("VersionId") else None
    reply = serve()
    if removed is None or any(n.lower() == "x-amz-delete-marker" for n, _ in reply.headers):
        return reply
    return Reply(reply.status, [*reply.headers, ("x-amz-delete-marker", "true")], reply.body)


def _marker(call: MotoCall) -> Any:
    """Return moto's delete marker that the call names, or None."""
    from moto.s3.models import FakeDeleteMarker

    version = call.params.get("VersionId")
    bucket = bucket_of(call.params.get("Bucket"))
    versions = bucket.keys.getlist(call.params.get("Key"), default=[]) if bucket else []
    for stored in reversed(versions):
        if version is None or str(stored.version_id) == version:
            return stored if isinstance(stored, FakeDeleteMarker) else None
    return None
