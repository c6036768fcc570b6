"""The shop of docs/ingestion.md: a use case of two raw files, as the page shows it."""

from __future__ import annotations

import re
from pathlib import Path
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


#: Samples of its sources, as `include/jobs/shop/sample_<source>.py`.
SAMPLES = {
    "customers": """
HEADER = "customer_no,updated_at,segment,income"

def numbered_row(random, number):
    segment = random.choice(["new", "regular", "gold"])
    return f"C-{number},2026-01-{1 + number % 28:02d}T09:00:00,{segment},{random.randint(1, 90)}000"
""",
    "orders": """
HEADER = "\\t".join(["Bestellung", "Zeit", "Kunde", "Betrag", "Zur\u00fcck"])

def numbered_row(random, number):
    euros, back = random.randint(1, 300), random.random()
    cells = [str(number), f"{1 + number % 28:02d}.02.2026 09:30", f"C-{random.randint(1, number)}"]
    return "\\t".join([*cells, f"{euros},50", str(int(euros / 300 + 0.2 * back > 0.6))])
""",
}


def write_samples(jobs: Path) -> None:
    """Write the samples into a folder of job scripts."""
    (jobs / "shop").mkdir(parents=True)
    for source, text in SAMPLES.items():
        (jobs / "shop" / f"sample_{source}.py").write_text(text, encoding="utf-8")


def text_of(source: str) -> str:
    """Return the file that the page shows of a source."""
    blocks = re.findall(r"```(\w*)\n(.*?)```", SECTION, re.DOTALL)
    return [text for language, text in blocks if not language][SOURCES.index(source)]
