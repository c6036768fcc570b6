"""Reports of the lineage: what a version came of, and what depends on a feature that is to go."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from causeway.governance_reports.sheets import Sheet, Table
from causeway.instants import for_people, moment
from causeway.lineage.questions import Lineage, LiveUse, Subgraph
from causeway.lineage.things import Kind, Thing

#: The parts of a version's way, in its order, with the facts that each row has.
_PARTS: Final = (
    ("Data", Kind.SOURCE, ()),
    ("Raw files", Kind.FILE, ("sha256", "rows", "synthetic")),
    ("Ingestions", Kind.INGESTION, ("began", "run", "rows")),
    ("Feature groups", Kind.GROUP, ("account", "use_case", "owner")),
    ("Features", Kind.FEATURE, ("account",)),
    ("Datasets", Kind.DATASET, ("uri", "sha256", "rows", "snapshot")),
    ("Code", Kind.CODE, ("commit", "link")),
    ("Processing jobs", Kind.PROCESSING, ("account",)),
    ("Training jobs", Kind.TRAINING, ("account",)),
    ("MLflow runs", Kind.RUN, ()),
    ("Artifacts", Kind.ARTIFACT, ("uri", "sha256")),
    ("Decisions", Kind.DECISION, ("stage", "verdict", "person", "at", "reason")),
    ("Deployments", Kind.DEPLOYMENT, ("endpoint", "since", "until", "run")),
)


def version_sheet(lineage: Lineage, text: str) -> Sheet:
    """Return all that is on record of a version: what it came of, who decided, where it served."""
    version = lineage.thing(text, Kind.VERSION)
    whole = lineage.whole(version.id)
    people = [
        (name.replace("_", " "), str(version.facts.get(name) or "not recorded"))
        for name in ("trained_by", "requested_by", "created", "image", "gate_report_sha256")
    ]
    measured = [
        (f"{part[:-1]} {name}", str(value))
        for part in ("parameters", "metrics")
        for name, value in sorted((version.facts.get(part) or {}).items())
    ]
    return Sheet(
        f"Lineage of {version.name}",
        f"{version.id}: from raw data to the endpoints, as it is on record.",
        (
            Table("The version", ("what", "value"), (*people, *measured)),
            *(_table(whole, title, kind, facts) for title, kind, facts in _PARTS),
        ),
        {kind.value: len(whole.of_kind(kind)) for kind in (Kind.SOURCE, Kind.FEATURE)},
    )


def _table(part: Subgraph, title: str, kind: Kind, facts: tuple[str, ...]) -> Table:
    rows = tuple(
        (thing.name, thing.id, *(str(thing.facts.get(name) or "") for name in facts))
        for thing in sorted(part.of_kind(kind), key=lambda thing: (thing.name, thing.id))
    )
    return Table(title, ("name", "id", *facts), rows, "None is on record.")


def retirement_sheet(lineage: Lineage, text: str, reason: str) -> Sheet:
    """Return what depends on a feature, or a feature group, that is to go, and whom to tell."""
    thing = lineage.thing(text, Kind.FEATURE, Kind.GROUP)
    models, versions = lineage.models_using(thing.id), lineage.versions_using(thing.id)
    uses = lineage.live_endpoints(thing.id)
    return Sheet(
        f"Retirement of {thing.name}",
        f"{thing.kind.value} {thing.id}. Why: {reason}. "
        + ("It may not go: endpoints that depend on it are live." if uses else "It may go."),
        (
            Table(
                "Live endpoints that depend on it",
                ("endpoint", "account", "version", "since"),
                tuple(_row(use) for use in uses),
            ),
            Table("Models trained on it", ("model", "use case", "owner"), _owned(models)),
            Table(
                "Versions trained on it",
                ("version", "id"),
                tuple((version.name, version.id) for version in versions),
            ),
            Table("Whom to tell", ("owner",), tuple((name,) for name in owners(models))),
        ),
        {"live_endpoints": len(uses), "models": len(models), "versions": len(versions)},
    )


def owners(models: Iterable[Thing]) -> list[str]:
    """Return the owners of models, each once."""
    return sorted({str(model.facts["owner"]) for model in models if model.facts.get("owner")})


def _row(use: LiveUse) -> tuple[str, ...]:
    account = str(use.endpoint.facts.get("account") or "")
    return use.endpoint.name, account, use.version, for_people(moment(use.since))


def _owned(models: Iterable[Thing]) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (m.name, str(m.facts.get("use_case") or ""), str(m.facts.get("owner") or ""))
        for m in models
    )
