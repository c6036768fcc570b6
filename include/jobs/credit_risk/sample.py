"""Rows of a synthetic sample with the schema of the South German Credit file.

For trying the project without the published data: the rows are invented, only the column names,
the codes and the rough shares follow the public description. `causeway.ingestion.samples` writes
files of them. Standard library only.
"""

from __future__ import annotations

import math
import random

# Per coded column, in the file's order: code -> (relative frequency, effect on being good).
Codes = dict[int, tuple[float, float]]
STATUS: Codes = {1: (27, -1.5), 2: (27, -0.7), 3: (7, 0.6), 4: (39, 1.8)}
HISTORY: Codes = {0: (5, -1.6), 1: (6, -1.3), 2: (52, 0.0), 3: (9, 0.2), 4: (28, 0.9)}
PURPOSE: Codes = {
    0: (23, -0.5),
    1: (10, 0.9),
    2: (18, 0.1),
    3: (28, 0.6),
    4: (2, 0.0),
    5: (3, -0.3),
    6: (5, -0.7),
    7: (1, 0.0),
    8: (1, 0.8),
    9: (8, -0.2),
    10: (1, -0.3),
}
SAVINGS: Codes = {1: (60, -0.5), 2: (11, -0.2), 3: (6, 0.6), 4: (5, 1.2), 5: (18, 0.9)}
EMPLOYMENT: Codes = {1: (6, -0.4), 2: (17, -0.6), 3: (34, 0.0), 4: (18, 0.6), 5: (25, 0.4)}
INSTALMENT_RATE: Codes = {1: (14, 0.5), 2: (23, 0.2), 3: (16, 0.0), 4: (47, -0.3)}
PERSONAL_STATUS: Codes = {1: (5, -0.4), 2: (31, -0.2), 3: (55, 0.2), 4: (9, 0.1)}
OTHER_DEBTORS: Codes = {1: (91, 0.0), 2: (4, -0.7), 3: (5, 0.8)}
RESIDENCE: Codes = {1: (13, 0.0), 2: (31, 0.0), 3: (15, 0.0), 4: (41, 0.0)}
PROPERTY: Codes = {1: (28, 0.5), 2: (23, 0.0), 3: (33, 0.0), 4: (16, -0.6)}
OTHER_PLANS: Codes = {1: (14, -0.6), 2: (5, -0.5), 3: (81, 0.2)}
HOUSING: Codes = {1: (18, -0.3), 2: (71, 0.2), 3: (11, -0.4)}
CREDITS: Codes = {1: (63, 0.0), 2: (33, 0.1), 3: (3, 0.1), 4: (1, 0.0)}
JOB: Codes = {1: (2, 0.0), 2: (20, 0.1), 3: (63, 0.0), 4: (15, -0.1)}
LIABLE: Codes = {1: (15, 0.0), 2: (85, 0.0)}
TELEPHONE: Codes = {1: (60, 0.0), 2: (40, 0.1)}
FOREIGN_WORKER: Codes = {1: (4, 0.8), 2: (96, 0.0)}

HEADER = (
    "laufkont laufzeit moral verw hoehe sparkont beszeit rate famges buerge wohnzeit verm alter "
    "weitkred wohn bishkred beruf pers telef gastarb kredit"
)
# How far the outcome follows the score, and where 70 % of the rows come out good.
STEEPNESS = 1.0
THRESHOLD = -0.65


def _draw(random_: random.Random, codes: Codes) -> tuple[int, float]:
    code = random_.choices(list(codes), [share for share, _ in codes.values()])[0]
    return code, codes[code][1]


def row(random_: random.Random) -> str:
    """Return one row in the order of `HEADER`."""
    months = min(72, max(4, 3 * round(random_.lognormvariate(1.8, 0.55))))
    amount = min(18424, max(250, round(random_.lognormvariate(4.7 + 0.95 * math.log(months), 0.6))))
    age = min(75, max(19, round(19 + random_.gammavariate(1.5, 11))))
    score = 0.9 * math.log(18 / months) + 0.9 * math.log(2600 / amount) + 0.02 * (age - 35)
    # A long credit weighs more on somebody without a filled account: trees see it, a line does not.
    picks: list[int] = []
    for codes in (
        STATUS,
        HISTORY,
        PURPOSE,
        SAVINGS,
        EMPLOYMENT,
        INSTALMENT_RATE,
        PERSONAL_STATUS,
        OTHER_DEBTORS,
        RESIDENCE,
        PROPERTY,
        OTHER_PLANS,
        HOUSING,
        CREDITS,
        JOB,
        LIABLE,
        TELEPHONE,
        FOREIGN_WORKER,
    ):
        code, effect = _draw(random_, codes)
        picks.append(code)
        score += effect
    if picks[0] == 1 and months > 24:
        score -= 1.0
    good = random_.random() < 1 / (1 + math.exp(-STEEPNESS * (score - THRESHOLD)))
    status, history, purpose, savings, employment, rate, personal, debtors, residence = picks[:9]
    values = (
        *(status, months, history, purpose, amount, savings, employment, rate, personal, debtors),
        *(residence, picks[9], age, *picks[10:]),
        int(good),
    )
    return " ".join(map(str, values))
