"""Where the local AWS listens, and how it calls itself."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from localaws.server import Accounts, running
from tests.accounts import ACCOUNTS, REGION

ONE_ACCOUNT = Accounts(REGION, {"governance": ACCOUNTS["governance"]}, ACCOUNTS["governance"])
#: Another address of this machine than 127.0.0.1, as a container's is to its neighbours.
ELSEWHERE = "127.0.0.2"


def test_nothing_but_the_loopback_address_reaches_it_unless_told_otherwise() -> None:
    with running(ONE_ACCOUNT, threads=2) as server, pytest.raises(ConnectionRefusedError):
        socket.create_connection((ELSEWHERE, server.port), 2)


def test_in_a_container_its_neighbours_reach_it_by_the_name_that_its_description_has(
    tmp_path: Path,
) -> None:
    name = "http://localaws:4566"
    with running(ONE_ACCOUNT, threads=2, host="0.0.0.0", advertised=name) as server:
        socket.create_connection((ELSEWHERE, server.port), 2).close()
        server.write_description(tmp_path / "localaws.json")
        assert server.endpoint == f"http://127.0.0.1:{server.port}"  # its own jobs use this
    assert json.loads((tmp_path / "localaws.json").read_text())["endpoint"] == name
