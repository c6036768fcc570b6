"""Hub and spoke: accounts keep cards of their own, and the hub's card has what people wrote there.

The standalone card in shared services stays the truth: a spoke's card adds words to it and takes
none away, and the fields that Causeway writes are never taken from a spoke. Where two say something
of one field, the later spoke's word counts, and any spoke's before the hub's own.
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
#: An approval or an archived card is about the content as it was: it waits for the next version.
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
    """Yield what is not Causeway's, by its place: sections are entered, lists are taken whole."""
    for name, value in content.items():
        keys = (*way, name)
        if keys in _OURS:
            continue
        if isinstance(value, Mapping):
            yield from _words(value, keys)
        else:
            yield keys, value
