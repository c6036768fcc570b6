"""A card reads well, and what stands on it cannot become markup."""

from __future__ import annotations

import json

from causeway.model_cards.content import card_content
from causeway.model_cards.fields import Facts
from causeway.model_cards.markdown import card_markdown
from causeway.use_cases.use_case import ModelSpec, UseCase
from causeway.versions.registry import RegistryVersion


def test_every_section_is_a_heading_and_metrics_are_a_table(
    case: UseCase, model: ModelSpec, registered: RegistryVersion
) -> None:
    content = card_content(Facts(case, model, version=registered), json.loads(registered.card))
    text = card_markdown(content, title="credit-risk", status="Approved", version=4)
    assert text.startswith("# credit-risk\n\nStatus **Approved**, card version 4.\n")
    for section in ("Model overview", "Intended uses", "Evaluation details"):
        assert f"\n## {section}\n" in text
    assert "| quality | value |\n| --- | --- |\n| accuracy | 0.75 |\n| auc | 0.8 |" in text
    assert "- Risk rating: High\n" in text
    assert "eta 0.1, max\\_depth 5" in text
    assert "- Custom details:\n  - UseCaseId: credit\\_risk\n" in text


def test_what_was_written_on_a_card_is_no_markup() -> None:
    content = {
        "business_details": {"business_problem": "<script>x</script> | *a* [b](c)\n# d"},
        "additional_information": {"custom_details": {"<b>": "`code`"}},
    }
    text = card_markdown(content, title="<i>", status="Draft", version=1)
    assert "<script" not in text.replace("\\<", "")
    assert "\n# d" not in text
    assert "\\[b\\]\\(c\\)" in text
    assert "\\`code\\`" in text


def test_an_empty_card_is_a_heading() -> None:
    assert card_markdown({}, title="m", status="Draft", version=1) == (
        "# m\n\nStatus **Draft**, card version 1.\n"
    )
