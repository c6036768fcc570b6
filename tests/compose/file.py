"""Reads docker-compose.yaml as Compose does, as far as the file uses it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

ROOT: Final = Path(__file__).parents[2]
COMPOSE: Final = ROOT / "docker-compose.yaml"
VARIABLE: Final = re.compile(r"\$\{(\w+)(?:(:-|:\?)([^}]*))?\}")


@dataclass(frozen=True)
class Mount:
    """A volume or a file of the host in a service."""

    source: str
    target: str
    read_only: bool

    @property
    def named(self) -> bool:
        """Whether it is a volume; a path of the host begins with a dot or a slash."""
        return self.source[0] not in "./~"


@dataclass(frozen=True)
class Service:
    """A service, by its own lines in the file."""

    name: str
    document: dict[str, Any]

    @property
    def stage(self) -> str | None:
        """The stage of the Dockerfile that it runs; None for an image of somebody else's."""
        build = self.document.get("build")
        return str(build["target"]) if build else None

    @property
    def command(self) -> list[str]:
        return [str(word) for word in self.document.get("command", [])]

    @property
    def environment(self) -> dict[str, str]:
        return {name: str(value) for name, value in self.document.get("environment", {}).items()}

    @property
    def secrets(self) -> list[str]:
        return list(self.document.get("secrets", []))

    @property
    def mounts(self) -> list[Mount]:
        mounts = []
        for text in self.document.get("volumes", []):
            source, target, *options = text.split(":")
            mounts.append(Mount(source, target, options == ["ro"]))
        return mounts

    @property
    def ports(self) -> list[tuple[str, int, int]]:
        """The published ports: address and port of the host, port of the service."""
        published = []
        for text in self.document.get("ports", []):
            address, port, inside = text.split(":")
            published.append((address, int(port), int(inside)))
        return published

    @property
    def healthcheck(self) -> list[str]:
        """The command that tells whether it is well."""
        kind, *command = self.document["healthcheck"]["test"]
        assert kind == "CMD"
        return [str(word) for word in command]


def services(environment: Mapping[str, str], profiles: set[str]) -> dict[str, Service]:
    """Return the services that start with these variables and profiles, as they depend."""
    document = yaml.safe_load(interpolated(COMPOSE.read_text(), environment))
    enabled = {
        name: Service(name, entry)
        for name, entry in document["services"].items()
        if not entry.get("profiles") or profiles & set(entry["profiles"])
    }
    ordered: dict[str, Service] = {}
    while len(ordered) < len(enabled):
        ready = [
            service
            for name, service in enabled.items()
            if name not in ordered and dependencies(service, set(enabled)).keys() <= ordered.keys()
        ]
        assert ready, "services wait for each other"
        ordered |= {service.name: service for service in ready}
    return ordered


def dependencies(service: Service, enabled: set[str]) -> dict[str, str]:
    """Return the services that one waits for, each with the condition.

    One that is not enabled is left out where it is not required; else Compose refuses to start.
    """
    conditions = {}
    for name, entry in service.document.get("depends_on", {}).items():
        if name in enabled:
            conditions[name] = entry["condition"]
        elif entry.get("required", True):
            raise AssertionError(f"{service.name} needs {name}, which is not enabled")
    return conditions


def secret_files() -> dict[str, Path]:
    """Return the file of each secret."""
    document = yaml.safe_load(COMPOSE.read_text())
    return {name: ROOT / entry["file"] for name, entry in document["secrets"].items()}


def interpolated(text: str, environment: Mapping[str, str]) -> str:
    """Put variables in: `${NAME}`, `${NAME:-default}`, `${NAME:?message}`; not in comments."""

    def value(match: re.Match[str]) -> str:
        name, operator, rest = match.groups()
        set_to = environment.get(name, "")
        if set_to or operator is None:
            return set_to
        assert operator == ":-", f"{name}: {rest}"
        return str(rest)

    lines = (
        line if line.lstrip().startswith("#") else VARIABLE.sub(value, line)
        for line in text.splitlines()
    )
    return "\n".join(lines)
