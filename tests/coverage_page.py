"""Writes docs/localaws.md: what the local AWS serves, from its registrations and its notes.

Which operations exist is read from the botocore models, which are served from the registered
handlers and moto's classes; what is real, simplified and refused from `localaws/coverage.yaml`.
"""

from __future__ import annotations

import re
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
IMAGES = ("xgboost", "scikit-learn")
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
    parts += _images(notes["images"])
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


def installed(environment: str) -> dict[str, str]:
    """Return what stands in for an image: distribution -> version, under the image's names."""
    text = Path(f"requirements-jobs-{environment}.txt").read_text(encoding="utf-8")
    pins = dict(re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE))
    if "xgboost-cpu" in pins:
        pins["xgboost"] = pins.pop("xgboost-cpu")
    return pins


def _images(notes: dict[str, Any]) -> list[str]:
    parts = [
        "## Container images",
        _paragraph(
            "Jobs and endpoints run in an environment for each image, with its packages and, where "
            "a wheel for Python 3.11 exists, its versions. Another tag of these repositories, or "
            "another repository, is refused; `images.yaml` of `localaws/sagemaker/machine` is the "
            "table. Python is 3.11 here and another one in the images."
        ),
        _paragraph(
            "What a job installs with pip goes into its own folder. Processes are not isolated "
            "from the machine. Where the machine allows user namespaces, a job and a model server "
            "see their folder as `/opt/ml`; elsewhere a job's log says that it does not, and "
            "`ContainerEntrypoint` is refused."
        ),
    ]
    for environment in IMAGES:
        image, here = notes[environment], installed(environment)
        rows = [
            f"| {name} | {version} | {here[name]} | {notes['deviations'].get(name, '')} |"
            if name in deviating(image["packages"], here)
            else f"| {name} | {version} | {here[name]} | |"
            for name, version in image["packages"].items()
            if name in here
        ]
        absent = [f"{name} {v}" for name, v in image["packages"].items() if name not in here]
        parts += [
            f"### {image['image']}",
            _paragraph(f"Python {image['python']}. Verified in {image['source']}."),
            "| package | in the image | here | why another |\n|---|---|---|---|\n"
            + "\n".join(rows),
            _paragraph(f"Not here: {', '.join(absent)}."),
        ]
    parts.append(_paragraph(notes["absent"]))
    return parts


def deviating(image: dict[str, str], here: dict[str, str]) -> set[str]:
    """Return the packages whose version here is not the image's, and xgboost, which is smaller."""
    return {name for name in here if name in image and str(image[name]) != here[name]} | {"xgboost"}


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
