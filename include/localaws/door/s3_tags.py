"""The tags that a request to S3 carries: in the header of an upload, or as a document.

Sources: Amazon S3 API Reference, "PutObject" (`x-amz-tagging`), "PutObjectTagging" and "CopyObject"
(`x-amz-tagging-directive`). The codes of the refusals are AWS's; that a tag without a `Value` is
malformed is not verified.
"""

from __future__ import annotations

from urllib.parse import parse_qsl
from xml.etree import ElementTree

from localaws.door.s3_documents import malformed, name_of
from localaws.kit.service import ServiceError

HEADER = "x-amz-tagging"
DIRECTIVE = "x-amz-tagging-directive"
NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"


def of_header(text: str | None) -> dict[str, str]:
    """Return the tags of the header, which are written as a URL's query.

    Raises:
        ServiceError: InvalidArgument for a key that is there twice.
    """
    pairs = parse_qsl(text or "", keep_blank_values=True)
    tags = dict(pairs)
    if len(tags) != len(pairs):
        raise ServiceError(
            "InvalidArgument",
            f"The header '{HEADER}' shall be encoded as UTF-8 then URLEncoded URL query parameters "
            "without tag name duplicates.",
        )
    return tags


def of_document(body: bytes) -> dict[str, str]:
    """Return the tags of a `Tagging` document that was checked to be well-formed.

    Raises:
        ServiceError: MalformedXML, or InvalidTag for a key that is there twice.
    """
    if not body:
        raise malformed("the request has no body")
    root = ElementTree.fromstring(body)  # noqa: S314 - the caller has refused entities
    if name_of(root) != "Tagging" or [name_of(part) for part in root] != ["TagSet"]:
        raise malformed("it is no Tagging with one TagSet")
    tags: dict[str, str] = {}
    for tag in root[0]:
        parts = {name_of(part): part.text or "" for part in tag}
        if name_of(tag) != "Tag" or len(tag) != 2 or set(parts) != {"Key", "Value"}:
            raise malformed("a Tag has a Key and a Value")
        if parts["Key"] in tags:
            message = "Cannot provide multiple Tags with the same key"
            raise ServiceError("InvalidTag", message)
        tags[parts["Key"]] = parts["Value"]
    return tags


def document(tags: dict[str, str]) -> bytes:
    """Return the `Tagging` document of some tags, as UTF-8."""
    root = ElementTree.Element("Tagging", xmlns=NAMESPACE)
    tag_set = ElementTree.SubElement(root, "TagSet")
    for key, value in tags.items():
        tag = ElementTree.SubElement(tag_set, "Tag")
        ElementTree.SubElement(tag, "Key").text = key
        ElementTree.SubElement(tag, "Value").text = value
    text: bytes = ElementTree.tostring(root, encoding="utf-8")
    return text
