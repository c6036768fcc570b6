"""A use case of everything that a contract may hold: will a visitor come again, and to what?

Texts with and without codes, `NA` for Namibia, missing values, a flag, a date, classes with names.
"""

from __future__ import annotations

import random
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from causeway.ingestion.raw_data import validate_raw
from causeway.use_cases.use_case import UseCase
from tests.causeway.values import use_case_of
from tests.jobs.scripts import Chain

COLUMNS = ["id", "country", "town", "member", "income", "stays", "since", "again", "room"]
DOCUMENT = Path(__file__).with_suffix(".yaml").read_text()


def document(**training: Any) -> dict[str, Any]:
    """Return the use case as YAML has it, its model with other keys under `training`."""
    case: dict[str, Any] = yaml.safe_load(DOCUMENT)
    case["models"][0]["training"] |= training
    return case


def case_of(changed: dict[str, Any]) -> UseCase:
    """Read a use case."""
    return use_case_of(yaml.safe_dump(changed, sort_keys=False), "visits.yaml")


def several_classes(scripts: str = "boosted_trees", **training: Any) -> UseCase:
    """Return the use case with a model that tells the three rooms apart."""
    case = document(
        **{"scripts": scripts, "label": "room", "favourable": "suite", **training},
        select_by="validation_mlogloss",
    )
    model = case["models"][0]
    model["problem_type"] = "multi-class classification"
    model["gates"][0] = {"metric": "macro_f1", "min": 0.4}
    return case_of(case)


def lines(rows: int = 600, seed: int = 0) -> list[str]:
    """Return the lines of a raw file, of which country, income and time have something to say."""
    draw = random.Random(seed)
    made = [",".join(COLUMNS)]
    for number in range(rows):
        country = draw.choice(["NA", "DE", "FR", "?"])
        income = draw.choice(["?", *[f"{draw.uniform(10, 90):.1f}"] * 4])
        days = draw.randint(1, 2000)
        score = days / 700 + (country == "NA") + (0 if income == "?" else float(income) / 40)
        again = "yes" if score + draw.gauss(0, 0.5) > 3.2 else "no"
        room = ["single", "double", "suite"][min(2, int(max(0, score + draw.gauss(0, 0.3)) / 2))]
        since = date(2024, 6, 1) - timedelta(days=days)
        cells = [f"v{number:04d}", country, draw.choice(["Bonn", "Lyon", 'St. "X", <3']), "true"]
        cells[2] = '"' + cells[2].replace('"', '""') + '"'
        cells[3] = draw.choice(["true", "false"])
        made.append(
            ",".join([*cells, income, draw.choice(["?", "3", "12"]), f"{since}", again, room])
        )
    return made


def joined(root: Path, case: UseCase, rows: int = 600) -> Chain:
    """Return the chain of a raw file up to its dataset."""
    chain = Chain(root, case, "visits.csv")
    raw = chain.folder("raw") / chain.raw_file
    raw.write_text("\n".join([*lines(rows), ""]))
    validated = chain.folder("rows") / "rows.parquet"
    validate_raw(raw, case.raw_source(), rows_to=validated)
    chain.run(
        *("features.py", "--rows", validated.parent, "--contract", chain.contract()),
        *("--output", chain.root / "features"),
    )
    chain.join(chain.root / "features")
    return chain


def prepared(root: Path, case: UseCase, rows: int = 600) -> Chain:
    """Return the chain of a raw file up to a trained model."""
    chain = joined(root, case, rows)
    chain.preprocess(chain.root / "dataset")
    chain.train()
    return chain
