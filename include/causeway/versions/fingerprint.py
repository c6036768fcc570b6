"""The fingerprint of a model package: one digest of everything that a decision is about.

Whoever may update a package may change its containers, its source or its card as well: AWS has
condition keys for status, life cycle and customer metadata only (Service Authorization Reference,
Amazon SageMaker, `UpdateModelPackage`). So a decision is bound to this digest, which is taken of a
request or of a description alike. What SageMaker adds by itself (image digest, ETag) is not in it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final

from causeway.digests import canonical_json, sha256

#: The metadata that the registrar writes: the fingerprint of its request.
REQUEST_SHA256: Final = "request-sha256"

_CONTAINER: Final = ("Image", "ModelDataUrl", "Environment", "ModelDataSource")
_SPECIFICATION: Final = ("SupportedContentTypes", "SupportedResponseMIMETypes")


def package_sha256(package: Mapping[str, Any], metadata: Iterable[str]) -> str:
    """Return the fingerprint of a package: of its content, and of the card inside it.

    Args:
        package: a `DescribeModelPackage` answer or a record of `Search`.
        metadata: the keys of the customer metadata that count; others may add keys of their own.
    """
    return sha256(canonical_json({**_content(package, metadata), "card": _card(package)}))


def request_sha256(package: Mapping[str, Any], metadata: Iterable[str]) -> str:
    """Return the fingerprint that a request and the description of what it made have in common.

    The card is not in it: whether SageMaker stores it as it was sent is not verified.
    """
    return sha256(canonical_json(_content(package, metadata)))


def _content(package: Mapping[str, Any], metadata: Iterable[str]) -> dict[str, Any]:
    properties = package.get("CustomerMetadataProperties") or {}
    counting = sorted(set(metadata) - {REQUEST_SHA256})
    return {
        "specification": _specification(package.get("InferenceSpecification") or {}),
        "additional": [
            {"name": more.get("Name"), **_specification(more)}
            for more in package.get("AdditionalInferenceSpecifications") or ()
        ],
        "source": package.get("SourceUri"),
        "metrics": package.get("ModelMetrics") or {},
        "baselines": package.get("DriftCheckBaselines") or {},
        "metadata": {key: properties[key] for key in counting if key in properties},
    }


def _specification(specification: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "containers": [
            {name: container[name] for name in _CONTAINER if container.get(name)}
            for container in specification.get("Containers") or ()
        ],
        **{name: sorted(specification.get(name) or ()) for name in _SPECIFICATION},
    }


def _card(package: Mapping[str, Any]) -> Any:
    """Return the card's content, whose spelling (blanks, order of keys) does not count.

    What has no canonical form counts as it is spelt: numbers out of range, half a pair of
    surrogates, endless nesting. Whoever may write a card must not stop the sync with it.
    """
    content = (package.get("ModelCard") or {}).get("ModelCardContent") or "{}"
    try:
        card = json.loads(content)
        canonical_json(card).encode()
    except (ValueError, RecursionError):
        return content
    return card
