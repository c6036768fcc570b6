"""The shop of docs/ingestion.md: a use case of two raw files, as the page shows it."""

from __future__ import annotations

import re
from typing import Any

import yaml

from causeway.use_cases.use_case import USE_CASES_DIR
from tests.how_tos import DOCS

CUSTOMER, ORDER = "shop-customer", "shop-order"
SOURCES = ("customers", "orders")
SECTION = (DOCS / "ingestion.md").read_text().split("## Several raw files", 1)[1]


def document() -> dict[str, Any]:
    """Return the use case of the page, with what it does not show from credit risk."""
    (block,) = re.findall(r"```yaml\n(.*?)```", SECTION, re.DOTALL)
    # YAML 1.1 takes the key for a boolean.
    shown = yaml.safe_load(re.sub(r"\bon:", '"on":', block))
    shipped = yaml.safe_load((USE_CASES_DIR / "credit_risk.yaml").read_text())
    (model,) = shipped["models"]
    training = model["training"] | {
        "features": ["amount", "segment", "income"],
        "one_hot": ["segment"],
        "label": "returned",
    }
    del training["search"]
    gates = [{"metric": "auc", "min": 0.5}, {"kind": "source", "synthetic": "allow"}]
    model |= {"group": "returns", "training": training, "protected": {}, "gates": gates}
    shown["models"][0] = model | shown["models"][0]
    del shipped["data"]
    return {**shipped, "id": "shop", "name": "Orders that come back", **shown}


def text_of(source: str) -> str:
    """Return the file that the page shows of a source."""
    blocks = re.findall(r"```(\w*)\n(.*?)```", SECTION, re.DOTALL)
    return [text for language, text in blocks if not language][SOURCES.index(source)]
