"""The commands of docs/real-accounts.md, as they stand there, on six empty accounts."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from causeway.topology.account_roles import DEPLOYED_ROLES
from localaws.server import Accounts, running
from tests.accounts import REGION
from tests.localaws.conftest import Aws

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "real-accounts.md").read_text()
ACCOUNTS = {role.value: f"10000000000{n}" for n, role in enumerate(DEPLOYED_ROLES, 1)}
#: What a test machine has not got, and how many blocks need it.
NOT_EXECUTED = {
    "needs IAM Identity Center": 2,
    "needs Docker": 1,
    "needs Helm and a cluster": 1,
    "needs a SAML identity provider": 1,
    "a part of the topology": 1,
    "a policy": 1,
    "starts a local AWS of its own; another test runs it": 1,
}


class Block(NamedTuple):
    """A block of the page; `reason` is why it is not executed, if so."""

    reason: str
    language: str
    text: str


def blocks() -> list[Block]:
    pattern = r"(?:<!-- not executed: (.*?) -->\n)?^```(\w*)\n(.*?)^```$"
    return [Block(*groups) for groups in re.findall(pattern, PAGE, re.DOTALL | re.MULTILINE)]


def cli() -> str | None:
    """Return the folder of the AWS CLI: the environment of the project's own, or the machine's."""
    own = ROOT / ".venv-cli" / "bin" / "aws"
    path = str(own) if own.exists() else shutil.which("aws")
    return str(Path(path).parent) if path else None


@pytest.fixture(scope="module")
def empty() -> Iterator[Aws]:
    """Six accounts in which nobody has done anything."""
    with running(Accounts(REGION, ACCOUNTS, ACCOUNTS["governance"])) as server:
        yield Aws(server)


def profiles(aws: Aws, folder: Path) -> None:
    """Write the administrators' profiles, as whoever follows the page has them."""
    credentials, config = "", ""
    for role, account in aws.cloud.accounts.items():
        key = aws.cloud.credentials.administrator(account)
        credentials += (
            f"[{role}-admin]\naws_access_key_id = {key.access_key_id}\n"
            f"aws_secret_access_key = {key.secret}\n"
        )
        config += f"[profile {role}-admin]\nregion = {REGION}\n"
    (folder / "credentials").write_text(credentials)
    (folder / "config").write_text(config)


def run(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run lines of the page in a shell that has nothing but what the page says."""
    result = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=folder,
        env={
            "HOME": str(folder),
            "PATH": f"{Path(sys.executable).parent}:{cli()}:{os.environ['PATH']}",
            "PYTHONPATH": f"{ROOT / 'include'}:{ROOT / 'plugins'}",
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert result.returncode == 0, result.stdout[-3000:] + result.stderr[-3000:]
    return result


@pytest.mark.skipif(cli() is None, reason="no AWS CLI: make setup-dev installs one")
def test_from_nothing_to_a_green_doctor_and_back(empty: Aws, tmp_path: Path) -> None:
    profiles(empty, tmp_path)
    script = "\n".join(block.text for block in blocks() if not block.reason)
    result = run(
        script,
        tmp_path,
        AWS_ENDPOINT_URL=empty.server.endpoint,
        AWS_CONFIG_FILE=str(tmp_path / "config"),
        AWS_SHARED_CREDENTIALS_FILE=str(tmp_path / "credentials"),
        AWS_EC2_METADATA_DISABLED="true",
    )
    assert ", 0 missing" in result.stdout
    assert "assumed-role/causeway-test-approver/model-owner" in result.stdout
    commands = (tmp_path / "deploy.sh").read_text().splitlines()
    assert len(commands) == 8
    left = {
        item["RoleName"]
        for account in ACCOUNTS.values()
        for item in empty.client("iam", account).list_roles()["Roles"]
    }
    assert not [name for name in left if name.startswith("causeway-")]


@pytest.mark.skipif(cli() is None, reason="no AWS CLI: make setup-dev installs one")
def test_a_rehearsal_has_six_empty_accounts_and_their_administrators(tmp_path: Path) -> None:
    def block(part: str) -> str:
        return next(block.text for block in blocks() if part in block.text)

    parts = ("cat > topology.yaml", "python -m localaws", "get-caller-identity --profile $role")
    script = "\n".join(["trap 'kill %1' EXIT", *map(block, parts)])
    result = run(script, tmp_path)
    assert result.stdout.splitlines()[-6:] == [
        f"{role} {account}" for role, account in ACCOUNTS.items()
    ]


def test_what_is_not_executed_is_counted_and_says_why() -> None:
    reasons = [block.reason for block in blocks() if block.reason]
    assert {reason: reasons.count(reason) for reason in reasons} == NOT_EXECUTED
    assert {block.language for block in blocks() if not block.reason} == {"sh"}
