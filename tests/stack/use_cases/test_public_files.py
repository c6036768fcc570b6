"""Files as they are handed in: from the file to a checked use case by the two commands alone.

One is public and comes out of the package that ships it; the others are generated, as wide, as
full of gaps and as lopsided as public ones are.
"""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import pytest

from causeway.use_cases.files import use_case
from stack.use_cases.checking import check_use_case
from stack.use_cases.dry_run import interpreter
from stack.use_cases.making import make_use_case
from tests.stack.use_cases.conftest import Write

SCIKIT_LEARN = "registry/sagemaker-scikit-learn:1.4-2"
WINE = (
    "from sklearn.datasets import load_wine\n"
    "print(load_wine(as_frame=True).frame.to_csv(index=False))"
)


def made_and_checked(name: str, path: Path, **options: str) -> str:
    """Make and check a use case; return what was said."""
    lines = [make_use_case(name, str(path), **options)]
    code = check_use_case(name, str(path), lines.append)
    said = "\n".join(lines)
    assert code == 0, said
    assert ": fail" not in said
    return said


def test_wines_of_three_growers_that_scikit_learn_ships(folder: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [interpreter(SCIKIT_LEARN), "-c", WINE], capture_output=True, text=True, check=True
    )
    (path := tmp_path / "wine.csv").write_text(done.stdout.strip() + "\n")
    said = made_and_checked("wine", path)
    assert "a multi-class classification of 'target'" in said
    assert "wine: rows: train 124, validation 27, test 27" in said
    features = use_case("wine", folder).raw_source().features
    assert "od280_od315_of_diluted_wines" in features
    assert set(features["target"].codes or ()) == {0, 1, 2}


def test_a_wide_file_with_texts_and_gaps(folder: Path, write: Write) -> None:
    texts = [f"Text {n} (a/b)" for n in range(30)]
    numbers = [f"{n} SF" for n in range(40)]

    def row(draw: random.Random, number: int) -> list[object]:
        sizes = [draw.choice(["NA", draw.randint(0, 900), draw.randint(0, 900)]) for _ in numbers]
        kinds = [draw.choice(["", "None", "TA", "Gd", "Ex & more"]) for _ in texts]
        price = 1000 + 3 * (sizes[0] if sizes[0] != "NA" else 0) + 400 * (kinds[0] == "Gd")
        return [number, *kinds, *sizes, price + draw.gauss(0, 90)]

    path = write("wide.csv", ["Id", *texts, *numbers, "Sale Price"], row)
    said = made_and_checked("wide", path)
    assert "a regression of 'Sale Price'" in said
    case = use_case("wide", folder)
    assert len(case.models[0].training.features) == 70
    assert case.data.format.nulls == ("NA",)
    assert "None" in case.raw_source().features["text_0_a_b"].allowed


def test_a_lopsided_file_with_times_of_its_own(folder: Path, write: Write) -> None:
    def row(draw: random.Random, number: int) -> list[object]:
        hour, day = draw.randint(0, 23), draw.randint(1, 28)
        amount = draw.expovariate(0.02)
        fraud = (hour < 4) and (amount > 20) and draw.random() < 0.8
        stamp = f"{day:02d}.{1 + number * 12 // 400:02d}.2025 {hour:02d}:{number % 60:02d}"
        return [f"t{number}", stamp, f"{amount:.2f}".replace(".", ","), hour, int(fraud)]

    path = write("payments.csv", ["no", "at", "amount", "hour", "fraud"], row, ";")
    said = made_and_checked("payments", path, time_column="at")
    assert "a binary classification of 'fraud'" in said
    case = use_case("payments", folder)
    assert (case.data.format.separator, case.data.format.decimal) == (";", ",")
    assert case.data.event_time.format == "%d.%m.%Y %H:%M"
    (model,) = case.models
    assert model.training.hyperparameters["class_weight"] == "balanced"


@pytest.mark.parametrize("image", ["registry/sagemaker-xgboost:3.0-5", SCIKIT_LEARN])
def test_each_image_has_an_interpreter(image: str) -> None:
    assert interpreter(image).exists()
