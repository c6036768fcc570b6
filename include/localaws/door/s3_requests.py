"""A request to S3 is read once, here; what is authorised is what moto is given.

moto reads path, query, copy source and XML body of a request on its own, and in its own way. So
they are replaced by the one form that both readings agree on; what has several readings is refused.

Sources: Amazon S3 API Reference, "CopyObject" (`x-amz-copy-source`), "DeleteObjects" and "Error
responses"; Amazon S3 User Guide, "Bucket naming rules". That AWS refuses a document type
declaration, and a query parameter that is there twice, is not verified.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, quote, unquote, urlencode
from xml.etree import ElementTree
from xml.parsers import expat

from moto.core.utils import get_service_model

from localaws.door import s3_tags
from localaws.door.protocol import Addressed
from localaws.door.s3_documents import malformed, name_of
from localaws.door.sigv4 import Request
from localaws.kit.service import ServiceError

COPY_SOURCE = "x-amz-copy-source"
MAX_KEYS = 1000  # of DeleteObjects
MAX_DEPTH = 64  # no document of S3 is nested deeper than ten levels
BUCKET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{1,253}[A-Za-z0-9]")
SIGNATURE = re.compile(
    r"X-Amz-(Algorithm|Credential|Date|Expires|SignedHeaders|Signature|Security-Token|Content-Sha256)"
)
# What a request may say of an object to delete. The others are for directory buckets only.
OF_OBJECT = {"Key", "VersionId"}
DIRECTORY_BUCKETS_ONLY = {"ETag", "LastModifiedTime", "Size"}


@dataclass(frozen=True)
class CopySource:
    """The object that is copied."""

    bucket: str
    key: str
    version: str | None

    @classmethod
    def read(cls, text: str) -> CopySource:
        """Read the header: `[/]bucket/key[?versionId=id]`, URL-encoded.

        Raises:
            ServiceError: InvalidArgument.
        """
        path, _, version = text.partition("?versionId=")
        bucket, _, key = unquote(path).removeprefix("/").partition("/")
        if not BUCKET.fullmatch(bucket):
            raise _invalid("Invalid copy source bucket name")
        if not key or "?" in path:
            raise _invalid("Invalid copy source object key")
        return cls(bucket, key, unquote(version) or None)

    def __str__(self) -> str:
        version = f"?versionId={quote(self.version, safe='')}" if self.version else ""
        return f"{self.bucket}/{quote(self.key, safe='')}{version}"


def with_one_reading(request: Request) -> Request:
    """Return a request whose query has each name once, and whose parameters are all headers.

    A presigned URL may have `x-amz-*` parameters in its query instead of its headers.
    """
    try:
        pairs = parse_qsl(
            request.raw_query.replace("+", "%2B"), keep_blank_values=True, errors="strict"
        )
    except ValueError as error:
        raise _invalid("The query is not encoded in UTF-8") from error
    query: dict[str, str] = {}
    headers = dict(request.headers)
    for name, value in pairs:
        if SIGNATURE.fullmatch(name):
            continue
        target = headers if name.lower().startswith("x-amz-") else query
        name = name.lower() if target is headers else name
        if name in target:
            raise _invalid(f"The parameter {name} is there twice")
        target[name] = value
    s3_tags.of_header(headers.get(s3_tags.HEADER))
    if COPY_SOURCE in headers:
        headers[COPY_SOURCE] = str(CopySource.read(headers[COPY_SOURCE]))
    return replace(request, raw_query=urlencode(query, quote_via=quote), headers=headers)


def of_operation(addressed: Addressed, request: Request) -> tuple[Request, dict[str, Any]]:
    """Return the request in canonical form, and the parameters that authorisation needs.

    Raises:
        ServiceError: InvalidArgument for a query that names two operations; MalformedXML.
    """
    query = dict(parse_qsl(request.raw_query, keep_blank_values=True))
    own = _parameters(addressed.operation)
    conflicting = sorted((set(query) & _subresources()) - own)
    if conflicting:
        names = ", ".join(sorted({*conflicting, *(set(query) & _subresources())}))
        raise _invalid(f"Conflicting query string parameters: {names}")
    query = {name: value for name, value in query.items() if name in own}
    params: dict[str, Any] = {**addressed.url_params, **_named(addressed, query)}
    body = request.body
    if body and _has_document(addressed):
        _check_document(body)
    if addressed.operation == "DeleteObjects":
        objects, body = _objects(body)
        params["Delete"] = {"Objects": objects}
    if addressed.operation == "PutObjectTagging":
        tags = s3_tags.of_document(body)
        params["Tagging"] = {"TagSet": [{"Key": k, "Value": v} for k, v in tags.items()]}
        body = s3_tags.document(tags)
    path = "/" + "/".join(
        quote(str(addressed.url_params[name]), safe="/~")
        for name in ("Bucket", "Key")
        if name in addressed.url_params
    )
    return replace(
        request, raw_path=path, raw_query=urlencode(query, quote_via=quote), body=body
    ), params


def _named(addressed: Addressed, query: Mapping[str, str]) -> dict[str, Any]:
    """Return the query parameters by the names that the model gives them."""
    shape = addressed.model.input_shape
    return {
        member: query[name]
        for member, item in (shape.members.items() if shape else ())
        if item.serialization.get("location") == "querystring"
        and (name := item.serialization.get("name", member)) in query
    }


# ---------------------------------------------------------------- query
@cache
def _parameters(operation: str) -> frozenset[str]:
    """Return the names that may be in the query of an operation."""
    model = get_service_model("s3").operation_model(operation)
    members = model.input_shape.members.items() if model.input_shape else ()
    named = {
        item.serialization.get("name", member)
        for member, item in members
        if item.serialization.get("location") == "querystring"
    }
    return frozenset(named | set(model.http_trait.query_args))


@cache
def _subresources() -> frozenset[str]:
    """Return the names that select an operation: `acl`, `uploads`, `location`, …"""
    model = get_service_model("s3")
    queries = [model.operation_model(name).http_trait.query_args for name in model.operation_names]
    return frozenset(name for query in queries for name, value in query.items() if not value)


# ---------------------------------------------------------------- body
def _has_document(addressed: Addressed) -> bool:
    shape = addressed.model.input_shape
    payload = shape.serialization.get("payload") if shape else None
    return bool(payload and shape.members[payload].type_name == "structure")


def _check_document(body: bytes) -> None:
    """Refuse what is no well-formed XML, declares entities, or is nested without end."""
    depth = 0

    def start(_name: str, _attributes: Any) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise malformed("it is nested too deeply")

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    def declaration(*_: Any) -> None:
        raise malformed("it has a document type declaration")

    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = start, end
    parser.StartDoctypeDeclHandler = declaration
    try:
        parser.Parse(body, True)
    except (expat.ExpatError, ValueError, LookupError) as error:  # also of an unknown encoding
        raise malformed(str(error)) from error


def _objects(body: bytes) -> tuple[list[dict[str, str]], bytes]:
    """Return what a DeleteObjects names, and its body as UTF-8 with nothing else in it."""
    if not body:
        raise malformed("the request has no body")
    root = ElementTree.fromstring(body)  # noqa: S314 - _check_document has refused entities
    if name_of(root) != "Delete":
        raise malformed(f"{name_of(root)} is not Delete")
    written = ElementTree.Element("Delete", xmlns="http://s3.amazonaws.com/doc/2006-03-01/")
    objects: list[dict[str, str]] = []
    for item in root:
        if name_of(item) == "Quiet":
            ElementTree.SubElement(written, "Quiet").text = (item.text or "").strip()
        elif name_of(item) == "Object":
            objects.append(_object(item))
            entry = ElementTree.SubElement(written, "Object")
            for name, value in objects[-1].items():
                ElementTree.SubElement(entry, name).text = value
        else:
            raise malformed(f"Delete has no {name_of(item)}")
    if not 1 <= len(objects) <= MAX_KEYS:
        raise malformed(f"it names {len(objects)} objects")
    return objects, ElementTree.tostring(written, encoding="utf-8")


def _object(item: ElementTree.Element) -> dict[str, str]:
    names = [name_of(part) for part in item]
    if len(set(names)) != len(names) or any(len(part) for part in item):
        raise malformed("a member of an Object is there twice, or is not a text")
    if set(names) & DIRECTORY_BUCKETS_ONLY:
        raise ServiceError(
            "NotImplemented", "A condition of DeleteObjects is for directory buckets only", 501
        )
    values = {name_of(part): part.text or "" for part in item}
    if set(names) - OF_OBJECT or not values.get("Key"):
        raise malformed("an Object has no Key, or another member than Key and VersionId")
    return {name: value for name, value in values.items() if value}


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidArgument", message)
