"""The accounts and the region that tests of the local AWS run in."""

from __future__ import annotations

REGION = "eu-central-1"
#: Account id by account role.
ACCOUNTS = {
    "data": "111111111111",
    "data_science": "222222222222",
    "shared_services": "333333333333",
    "governance": "444444444444",
    "test": "555555555555",
    "prod": "666666666666",
    "consumer": "888888888888",
}
