"""Tags of objects where moto differs: an empty set, a missing object, an unknown directive.

Sources: Amazon S3 API Reference, "PutObjectTagging", "DeleteObjectTagging" and "CopyObject". The
words of the refused directive are not verified.
"""

from __future__ import annotations

from localaws.door import s3_tags
from localaws.door.protocol import Reply
from localaws.door.routing import bucket_of
from localaws.engine.corrections import MotoCall, Serve, around, before
from localaws.identity.authorisation.needs.s3_encryption import object_of
from localaws.kit.service import ServiceError


@around("s3", "PutObjectTagging")
def put_tags(call: MotoCall, serve: Serve) -> Reply:
    """Take an empty set, which removes all tags, and say which version has the tags now."""
    bucket = bucket_of(call.params.get("Bucket"))
    stored = object_of(bucket, str(call.params.get("Key")), _version(call))
    if stored is None:
        return serve()
    if call.params["Tagging"].get("TagSet"):
        reply = serve()
    else:
        from moto.s3.models import s3_backends

        s3_backends[call.account]["aws"].put_object_tagging(stored, {})
        reply = Reply(200, [], b"")
    # In a bucket that had no versioning when it was written, an object is version "null".
    version = [("x-amz-version-id", str(stored.version_id))] if bucket.versioning_status else []
    return Reply(reply.status, [*reply.headers, *version], reply.body)


@before("s3", "DeleteObjectTagging")
def check_object(call: MotoCall) -> None:
    """Refuse to untag what is not there."""
    bucket = bucket_of(call.params.get("Bucket"))
    if bucket is None or object_of(bucket, str(call.params.get("Key")), _version(call)):
        return
    if _version(call):
        raise ServiceError("NoSuchVersion", "The specified version does not exist.", 404)
    raise ServiceError("NoSuchKey", "The specified key does not exist.", 404)


@before("s3", "CopyObject")
def check_directive(call: MotoCall) -> None:
    """Refuse a directive that is neither COPY nor REPLACE; moto would copy."""
    if call.request.headers.get(s3_tags.DIRECTIVE, "COPY") not in ("COPY", "REPLACE"):
        raise ServiceError("InvalidArgument", "Unknown tagging directive.")


def _version(call: MotoCall) -> str | None:
    version = call.params.get("VersionId")
    return str(version) if version else None
