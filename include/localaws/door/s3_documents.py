"""What the XML documents of requests to S3 have in common."""

from __future__ import annotations

from xml.etree import ElementTree

from localaws.kit.service import ServiceError


def name_of(element: ElementTree.Element) -> str:
    """Return an element's name without its namespace, which S3 does not insist on."""
    return element.tag.rpartition("}")[2]


def malformed(why: str) -> ServiceError:
    """Return the refusal of a document (Amazon S3 API Reference, "Error responses")."""
    return ServiceError(
        "MalformedXML",
        "The XML you provided was not well-formed or did not validate against our published "
        f"schema: {why}",
    )
