"""Hub and spoke: accounts keep cards of their own; the hub's card collects what people wrote there.

The standalone card in shared services stays authoritative: a spoke's card adds words to it and
removes none, and the fields that Causeway writes are never taken from a spoke. When two spokes set
one field, the later spoke wins, and any spoke wins over the hub.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from causeway.model_cards.content import OF_A_VERSION, Content, with_evaluation
from causeway.model_cards.fields import FIELDS
from causeway.model_cards.lifecycle import Card, CardChange, CardStatus, changes

_EVALUATIONS: Final = "evaluation_details"
_OURS: Final = frozenset(field.keys for field in FIELDS)
#: An approved or archived card keeps its content: changes wait for the next version.
_OPEN: Final = (CardStatus.DRAFT, CardStatus.PENDING_REVIEW)


def plan_hub(hub: Card, spokes: Sequence[Content]) -> tuple[CardChange, ...]:
    """Return the updates that bring the hub's card up to its spokes; none when it is decided.

    Raises:
        BadInput: the content breaks the card schema.
    """
    if hub.status not in _OPEN:
        return ()
    return changes(hub, aggregated(hub.content, spokes), hub.status)


def aggregated(hub: Mapping[str, Any], spokes: Sequence[Content]) -> Content:
    """Return the hub's content with what people wrote on the spokes' cards."""
    result: Content = copy.deepcopy(dict(hub))
    for spoke in spokes:
        for keys, value in _words(spoke, ()):
            *way, last = keys
            at = result
            for key in way:
                at = at.setdefault(key, {})
            at[last] = copy.deepcopy(value)
        for entry in spoke.get(_EVALUATIONS, []):
            if entry.get("name") not in OF_A_VERSION:
                result = with_evaluation(result, entry)
    return result


def _words(
    content: Mapping[str, Any], way: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Yield what Causeway does not write, by its keys; lists are taken whole."""
    for name, value in content.items():
        keys = (*way, name)
        if keys in _OURS:
            continue
        if isinstance(value, Mapping):
            yield from _words(value, keys)
        else:
            yield keys, value
