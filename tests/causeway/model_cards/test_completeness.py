"""What the card of a model in a use case of high risk has to say."""

from __future__ import annotations

from causeway.model_cards.completeness import NEEDED, gaps


def test_a_card_is_complete_when_every_needed_field_says_something() -> None:
    content = {}
    for path in NEEDED:
        section, _, name = path.partition(".")
        content.setdefault(section, {})[name] = "text"
    assert gaps(content) == ()
    content["additional_information"]["ethical_considerations"] = "  "
    assert gaps(content) == ("additional_information.ethical_considerations",)
    assert gaps(None) == gaps({"intended_uses": "no mapping"}) == NEEDED
