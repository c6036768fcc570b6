"""The commands that reach no account: check, render, connections, and what bootstrap prints."""

from __future__ import annotations

import json
import shlex
import subprocess
from pathlib import Path

import pytest

from causeway.documents import CONFIG_DIR
from causeway.topology.accounts import load_topology
from causeway.topology.connections import connections
from causeway_deploy.__main__ import main

EXAMPLE = CONFIG_DIR / "topology" / "example.yaml"
Output = pytest.CaptureFixture[str]


def run(*arguments: str, topology: Path = EXAMPLE) -> int:
    return main(["--topology", str(topology), *arguments])


def edited(folder: Path, before: str, after: str) -> Path:
    text = EXAMPLE.read_text()
    assert before in text
    path = folder / "topology.yaml"
    path.write_text(text.replace(before, after))
    return path


def test_a_topology_that_is_right_passes(capsys: Output) -> None:
    assert run("check") == 0
    assert "ok: topology example; use cases california_housing, credit_risk" in (
        capsys.readouterr().out
    )


def test_the_local_topology_passes_with_notes(capsys: Output) -> None:
    assert run("check", topology=CONFIG_DIR / "topology" / "local.yaml") == 0
    notes = capsys.readouterr().out
    assert "`local: true`" in notes and "`outside_consumers: true`" in notes
    assert "`unrecorded_use_cases: true`" in notes


def test_a_person_who_cannot_decide_in_the_registry_is_noted(
    capsys: Output, tmp_path: Path
) -> None:
    text = EXAMPLE.read_text()
    start = text.index("    principal: # IAM Identity")
    end = text.index("    decides: [test]", start)
    assert run("check", topology=edited(tmp_path, text[start:end], "")) == 0
    assert "people: model-owner has no principal" in capsys.readouterr().out


def test_a_person_of_an_account_that_also_trains_is_noted(capsys: Output, tmp_path: Path) -> None:
    before, after = 'data_science: "100000000002"', 'data_science: "100000000004"'
    assert run("check", topology=edited(tmp_path, before, after)) == 0
    assert "people: ann signs in from the account that is data_science too" in (
        capsys.readouterr().out
    )


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("region: eu-central-1", "region: Frankfurt", "region"),
        ('  xgboost: "492', '  other: "492', "'xgboost' is not in `images`"),
        ("to: [data_science]}\n  -", 'to: ["999999999999"]}\n  -', "999999999999, which is no"),
        ("trail_delay_minutes: 15", "trail_delay_minutes: 0", "would refuse genuine approvals"),
    ],
)
def test_what_is_wrong_is_named(
    capsys: Output, tmp_path: Path, before: str, after: str, message: str
) -> None:
    assert run("check", topology=edited(tmp_path, before, after)) == 1
    assert message in capsys.readouterr().err


def test_an_approver_who_is_not_among_the_people_is_named(capsys: Output, tmp_path: Path) -> None:
    assert run("check", topology=edited(tmp_path, "  governance-officer:", "  officer:")) == 1
    message = capsys.readouterr().err
    assert (
        "credit_risk.yaml: models.credit_risk.approvers.production: 'governance-officer' is not in "
        "`people` of topology example; allowed: ann, officer"
    ) in message
    assert "change `people` of the topology" in message.partition("Next step")[2]


@pytest.mark.parametrize("name", ["nothing", "nowhere"])
def test_a_folder_without_use_cases_is_named(capsys: Output, tmp_path: Path, name: str) -> None:
    (tmp_path / "nothing").mkdir()
    assert run("check", "--use-cases", str(tmp_path / name)) == 1
    assert str(tmp_path / name) in capsys.readouterr().err


@pytest.mark.parametrize("content", [None, b"name: \xe4"], ids=["a folder", "not UTF-8"])
def test_a_topology_that_cannot_be_read_is_named(
    capsys: Output, tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "topology.yaml"
    if content is None:
        path.mkdir()
    else:
        path.write_bytes(content)
    assert run("check", topology=path) == 1
    assert f"failed: cannot read {path}" in capsys.readouterr().err


def test_a_file_where_the_rendered_ones_should_go_is_named(capsys: Output, tmp_path: Path) -> None:
    path = tmp_path / "rendered"
    path.write_text("")
    assert run("render", "--out", str(path)) == 1
    assert str(path) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("pattern", "message"),
    [
        ("{rolle}-admin", "only `{role}`"),
        ("{}-admin", "only `{role}`"),
        ("{role", "only `{role}`"),
        ("admin", "for several accounts"),
    ],
)
@pytest.mark.parametrize("printed", ["commands", "none"])
def test_a_pattern_of_profiles_that_names_none_for_each_account_is_refused(
    capsys: Output, tmp_path: Path, pattern: str, message: str, printed: str
) -> None:
    options = ("--profiles", pattern, "--print", printed, "--out", str(tmp_path))
    assert run("bootstrap", *options) == 1
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_one_profile_is_enough_for_one_account(capsys: Output, tmp_path: Path) -> None:
    options = ("--only", "prod", "--profiles", "no-such-profile", "--out", str(tmp_path))
    assert run("bootstrap", *options) == 1
    assert "no-such-profile cannot sign in" in capsys.readouterr().err


def test_what_is_rendered_is_complete(capsys: Output, tmp_path: Path) -> None:
    assert run("render", "--out", str(tmp_path)) == 0
    written = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*.*")}
    assert set(map(str, capsys.readouterr().out.split())) == {str(tmp_path / w) for w in written}
    assert {"governance/resources.yaml", "prod/guards.yaml", "people.json"} <= written
    values = json.loads((tmp_path / "test" / "guards.parameters.json").read_text())
    assert {"ParameterKey": "AccountRole", "ParameterValue": "test"} in values
    people = json.loads((tmp_path / "people.json").read_text())
    assert {stage: len(statements) for stage, statements in people.items()} == {
        "test": 3,
        "production": 3,
    }
    template = (tmp_path / "shared_services" / "guards.yaml").read_text()
    assert all(json.dumps(item) in template for items in people.values() for item in items)


def test_commands_are_printed_in_the_order_of_the_stacks(capsys: Output, tmp_path: Path) -> None:
    out = str(tmp_path)
    assert run("bootstrap", "--print", "commands", "--profiles", "x-{role}", "--out", out) == 0
    commands = [shlex.split(line) for line in capsys.readouterr().out.splitlines()]
    names = [command[command.index("--stack-name") + 1] for command in commands]
    assert names.index("causeway-governance-guards") < names.index("causeway-governance")
    assert len(names) == 8
    last = commands[-1]
    assert last[last.index("--profile") + 1] == "x-prod"
    assert all(Path(command[command.index("--template-file") + 1]).exists() for command in commands)


def test_stack_sets_reach_each_account_by_itself(capsys: Output, tmp_path: Path) -> None:
    arguments = ("--print", "stack-sets", "--units", "ou-a1b2-c3d4e5f6", "--out", str(tmp_path))
    assert run("bootstrap", *arguments) == 0
    text = capsys.readouterr().out
    assert text.count("create-stack-set ") == text.count("create-stack-instances ") == 6
    assert text.count("update-stack-set ") == text.count("describe-stack-set ") == 6
    assert "Accounts=100000000006,AccountFilterType=INTERSECTION" in text
    checked = subprocess.run(["sh", "-n"], input=text, text=True, capture_output=True)
    assert checked.returncode == 0, checked.stderr


def test_stack_sets_without_units_are_refused(capsys: Output, tmp_path: Path) -> None:
    assert run("bootstrap", "--print", "stack-sets", "--out", str(tmp_path)) == 1
    assert "--units" in capsys.readouterr().err


def test_connections_have_one_content_in_every_form(capsys: Output) -> None:
    def printed(*options: str) -> str:
        assert run("connections", *options) == 0
        return capsys.readouterr().out

    ids = {connection.conn_id for connection in connections(load_topology(EXAMPLE))}
    imported = json.loads(printed("--format", "import", "--airflow-profile", "p"))
    assert set(imported) == ids
    assert imported["causeway_prod_deployer"] == {
        "conn_type": "aws",
        "extra": {
            "region_name": "eu-central-1",
            "profile_name": "p",
            "role_arn": "arn:aws:iam::100000000006:role/causeway-deployer",
        },
    }
    secrets = json.loads(printed("--format", "secrets"))
    deployer = json.loads(secrets["airflow/connections/causeway_prod_deployer"])
    assert "profile_name" not in deployer["extra"]
    variables = dict(
        shlex.split(line)[1].split("=", 1) for line in printed("--format", "env").splitlines()
    )
    assert json.loads(variables["AIRFLOW_CONN_CAUSEWAY_PROD_DEPLOYER"]) == deployer
    plain = dict(line.split("=", 1) for line in printed("--format", "dotenv").splitlines())
    assert plain == variables


def test_airflow_reads_what_is_to_be_imported(capsys: Output, tmp_path: Path) -> None:
    from airflow.secrets.local_filesystem import load_connections_dict

    assert run("connections", "--format", "import") == 0
    path = tmp_path / "connections.json"
    path.write_text(capsys.readouterr().out)
    read = load_connections_dict(str(path))["causeway_prod_deployer"]
    assert read.conn_type == "aws"
    assert read.extra_dejson["role_arn"].endswith("role/causeway-deployer")


def test_bootstrap_of_the_local_topology_wants_a_local_aws(
    capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    assert run("bootstrap", topology=CONFIG_DIR / "topology" / "local.yaml") == 1
    assert "names no local AWS" in capsys.readouterr().err
