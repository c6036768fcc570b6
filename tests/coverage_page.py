"""Writes docs/localaws.md: what the local AWS serves, from its registrations and its notes.

Which operations exist is read from the botocore models, which are served from the registered
handlers and moto's classes; what is real, simplified and refused from `localaws/coverage.yaml`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from moto.core.utils import camelcase_to_underscores, get_service_model

import localaws
from localaws.door import registrations
from localaws.door.faults import KINDS
from localaws.engine import applications
from localaws.kit.service import Service

PATH = Path("docs/localaws.md")
NOTES = Path(localaws.__file__).with_name("coverage.yaml")
HEADINGS = {"real": "Real", "simplified": "Simplified", "refused": "Refused"}
FAULTS = {
    "throttle": "refused as the service spells throttling",
    "error500": "an internal error before any effect",
    "expired_credentials": "a session's token has expired",
    "clock_skew": "the signature is too old, by `seconds`",
    "timeout_after_success": "the call takes effect, the connection hangs for `seconds` and drops",
    "delayed_visibility": "what the call wrote is not found for `seconds` of local-AWS time",
    "die_after": "the `n`-th call takes effect, its caller's process is ended by SIGKILL",
    "duplicate_event": "an event of that detail type is delivered twice",
    "unprocessed": "an entry of a batch of records is given back untouched",
}


@dataclass(frozen=True)
class Coverage:
    """The operations of one service: ours, moto's, and all that botocore knows."""

    name: str
    ours: tuple[str, ...]
    motos: tuple[str, ...]
    all: tuple[str, ...]

    @property
    def unsupported(self) -> int:
        """How many operations are not served."""
        return len(set(self.all) - {*self.ours, *self.motos})


def coverage() -> list[Coverage]:
    """Return every service that is served, by name."""
    registrations.register()
    ours = {service.name: service.operations for service in Service.all()}
    found = []
    for name in sorted({*ours, *applications.SERVED}):
        known = tuple(get_service_model(name).operation_names)
        own = tuple(sorted(ours.get(name, ())))
        found.append(Coverage(name, own, tuple(_motos(name, known, own)), known))
    return found


def _motos(name: str, known: tuple[str, ...], own: tuple[str, ...]) -> Iterable[str]:
    if name not in applications.SERVED:
        return []
    methods = applications.operations(name)
    also = _notes()["services"].get(name, {}).get("also", ())
    return sorted(
        one
        for one in known
        if one not in own and (camelcase_to_underscores(one) in methods or one in also)
    )


def _notes() -> dict[str, Any]:
    notes: dict[str, Any] = yaml.load(NOTES.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    return notes


def render() -> str:
    """Return the page as Markdown."""
    notes, found = _notes(), coverage()
    parts = [
        "# The local AWS: what it serves",
        _paragraph(
            "*Ours* are handlers of this project, checked against the botocore model; *moto's* are "
            "served by moto behind the gateway, under the same signatures and permissions. "
            "*Not served* answers `UnsupportedOperation`. "
            "[Your notebook against the local AWS](notebook.md) says how to direct clients to it."
        ),
        *_points(notes["everywhere"]),
        "| service | ours | moto's | not served |\n|---|---:|---:|---:|\n"
        + "\n".join(
            f"| [{one.name}](#{one.name}) | {len(one.ours)} | {len(one.motos)} "
            f"| {one.unsupported} |"
            for one in found
        ),
    ]
    for one in found:
        parts.append(f"## {one.name}")
        parts += _points(notes["services"].get(one.name, {}))
        for title, names in (("Ours", one.ours), ("moto's", one.motos)):
            if names:
                listed = ", ".join(f"`{name}`" for name in names)
                parts.append(_paragraph(f"**{title}:** {listed}."))
    parts += [
        "## Faults on demand",
        _paragraph(
            "With `--control`, an administrator posts rules to `/faults`: an `operation` pattern "
            "(`sagemaker:Create*`, or an event's detail type), a `kind`, and optionally `rate`, "
            "`count`, `n` (the first matching call that may be hit), `seed` and `seconds`."
        ),
        "\n".join(f"- `{kind}`: {FAULTS[kind]}." for kind in KINDS),
    ]
    return "\n\n".join(parts) + "\n"


def _points(notes: dict[str, Any]) -> list[str]:
    parts = []
    for key, title in HEADINGS.items():
        if notes.get(key):
            lines = [
                textwrap.fill(
                    " ".join(str(one).split()),
                    100,
                    initial_indent="- ",
                    subsequent_indent="  ",
                    break_on_hyphens=False,
                )
                for one in notes[key]
            ]
            parts.append(f"**{title}**\n\n" + "\n".join(lines))
    return parts


def _paragraph(text: str) -> str:
    return textwrap.fill(text, 100, break_on_hyphens=False, break_long_words=False)


def write() -> None:
    """Write the page."""
    PATH.write_text(render(), encoding="utf-8")
