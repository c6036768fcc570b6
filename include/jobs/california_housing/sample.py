"""Rows of a synthetic sample with the schema of the California housing file.

For trying the project without the published data: the rows are invented, only the column names and
the rough ranges follow the public description. `causeway.ingestion.samples` writes files of them.
Standard library only.
"""

from __future__ import annotations

import math
import random

HEADER = (
    "longitude,latitude,housingMedianAge,totalRooms,totalBedrooms,population,households,"
    "medianIncome,medianHouseValue"
)
# Two expensive places (longitude, latitude), and what being near to one is worth.
COAST = ((-122.4, 37.8), (-118.4, 34.0))
LOWEST, HIGHEST = 14999.0, 500001.0


def row(random_: random.Random) -> str:
    """Return one row in the order of `HEADER`."""
    position = random_.random()
    longitude = round(-124.2 + 9.5 * position + random_.gauss(0, 0.25), 2)
    latitude = round(min(41.9, max(32.6, 41.2 - 8.2 * position + random_.gauss(0, 0.7))), 2)
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
