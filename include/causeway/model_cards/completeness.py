"""What the card of a model has to say before a use case of high risk may go on.

Causeway writes most of a card. These fields are for people: nobody can derive them. Which ones a
law asks for is for lawyers to say; the EU AI Act's Article 13 wants the risks, the limits and the
measures for oversight in writing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

#: The fields that have to be there, of which people write the last three.
NEEDED: Final = (
    "intended_uses.purpose_of_model",
    "intended_uses.risk_rating",
    "intended_uses.explanations_for_risk_rating",
    "additional_information.ethical_considerations",
    "additional_information.caveats_and_recommendations",
)


def gaps(content: Mapping[str, Any] | None) -> tuple[str, ...]:
    """Return which needed fields a card lacks; every one of them when there is no card."""
    return tuple(path for path in NEEDED if not _text(content or {}, path))


def _text(content: Mapping[str, Any], path: str) -> str:
    value: Any = content
    for key in path.split("."):
        value = value.get(key) if isinstance(value, Mapping) else None
    return str(value or "").strip()
