"""Write a synthetic sample with the schema of the California housing file.

For trying the project without the published data: the rows are invented, only the column names and
the rough ranges follow the public description. Standard library only; the same seed gives the same
bytes on every machine.

    python sample.py --seed 0 --rows 1000 --output housing.csv
"""

from __future__ import annotations

import argparse
import math
import random
from pathlib import Path

HEADER = (
    "longitude,latitude,housingMedianAge,totalRooms,totalBedrooms,population,households,"
    "medianIncome,medianHouseValue"
)
# Two dear places (longitude, latitude), and how much nearness to one is worth.
COAST = ((-122.4, 37.8), (-118.4, 34.0))
LOWEST, HIGHEST = 14999.0, 500001.0


def _row(random_: random.Random) -> str:
    place = random_.random()
    longitude = round(-124.2 + 9.5 * place + random_.gauss(0, 0.25), 2)
    latitude = round(min(41.9, max(32.6, 41.2 - 8.2 * place + random_.gauss(0, 0.7))), 2)
    age = float(random_.randint(2, 52))
    households = float(int(min(4000, max(5, random_.lognormvariate(5.9, 0.7)))))
    rooms = float(int(households * max(2.0, random_.gauss(5.4, 1.2))))
    bedrooms = float(int(rooms * min(0.6, max(0.12, random_.gauss(0.21, 0.04)))) or 1)
    population = float(int(households * max(1.2, random_.gauss(2.9, 0.6))))
    income = round(min(15.0001, max(0.4999, random_.lognormvariate(1.25, 0.45))), 4)
    nearness = max(math.exp(-math.hypot(longitude - x, latitude - y)) for x, y in COAST)
    crowd = population / households
    value = 20_000 + 38_000 * income + 130_000 * nearness + 700 * age - 14_000 * crowd
    value = min(HIGHEST, max(LOWEST, round(value + random_.gauss(0, 30_000), -2)))
    numbers = (longitude, latitude, age, rooms, bedrooms, population, households, income, value)
    return ",".join(map(str, numbers))


def generate(rows: int, seed: int) -> str:
    """Return `rows` lines under a header line, comma-separated, the last line ended too."""
    random_ = random.Random(seed)  # noqa: S311 - reproducible rows are the point; nothing secret
    return "\n".join([HEADER, *(_row(random_) for _ in range(rows))]) + "\n"


def main() -> None:
    """Read the command line and write the file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--output", type=Path, required=True)
    arguments = parser.parse_args()
    arguments.output.write_text(generate(arguments.rows, arguments.seed), encoding="ascii")
    print(f"{arguments.rows} synthetic rows of seed {arguments.seed} in {arguments.output}")


if __name__ == "__main__":
    main()
