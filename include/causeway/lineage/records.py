"""What happened, as the governance account keeps it for the lineage: a record for each thing.

A record is named after what it is about, so that another run writes the same item again, and
nothing twice. Records are no evidence: they say again what the feature store, the registry and the
governance table hold, and are made anew from these at will.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, ClassVar, Final

from causeway.digests import canonical_json, sha256
from causeway.items import Key, Update

#: Counts the changes of each kind of record: whoever has the records asks this item alone whether
#: they are still the latest.
COUNTS: Final = Key("LINEAGE#COUNTS", "COUNTS")
#: Lets every case through: a record says again what its sources hold, and the later one wins.
ALWAYS: Final = "attribute_not_exists(pk) OR attribute_exists(pk)"
#: How many records one transaction writes, beside the counts (TransactWriteItems takes 100).
BATCH: Final = 99


@dataclass(frozen=True)
class Record(ABC):
    """Something that happened; values are texts, numbers and lists, times in one form in UTC."""

    kind: ClassVar[str]

    @property
    @abstractmethod
    def name(self) -> str:
        """What the record is about, which is its key."""

    @property
    def key(self) -> Key:
        """The key of its item."""
        return Key(f"LINEAGE#{self.kind}", self.name)

    @property
    def digest(self) -> str:
        """The SHA-256 of all that it says."""
        return sha256(canonical_json(asdict(self)))

    def item(self) -> dict[str, Any]:
        """The record as an item."""
        return {**self.key.item(), "digest": self.digest, "document": canonical_json(asdict(self))}


@dataclass(frozen=True)
class GroupDefined(Record):
    """A feature group and its features."""

    kind: ClassVar[str] = "group"

    group: str
    use_case: str = ""
    owner: str = ""
    features: tuple[str, ...] = ()
    offline_uri: str = ""
    table: str = ""

    @property
    def name(self) -> str:
        """Its ARN."""
        return self.group


@dataclass(frozen=True)
class Ingested(Record):
    """A raw file that was written into a feature group, by a job at a code."""

    kind: ClassVar[str] = "ingestion"

    group: str
    run: str
    input_sha256: str
    began: str
    finished: str
    source: str = ""
    source_sha256: str = ""
    source_rows: int = 0
    synthetic: str = ""
    job: str = ""
    code: str = ""
    commit: str = ""
    repository: str = ""
    use_case: str = ""
    stores: str = ""
    written: int = 0

    @property
    def name(self) -> str:
        """The group, and what was written into it by which run."""
        return f"{self.group}#{self.run}#{self.input_sha256[:16]}#{self.stores}"


@dataclass(frozen=True)
class DatasetBuilt(Record):
    """A dataset, and the features of each group that entered it."""

    kind: ClassVar[str] = "dataset"

    digest_of_rows: str
    uri: str = ""
    use_case: str = ""
    features: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    snapshot: str = ""
    query_sha256: str = ""
    query: str = ""
    rows: int = 0
    synthetic: str = ""

    @property
    def name(self) -> str:
        """The use case, and the digest of its rows."""
        return f"{self.use_case}#{self.digest_of_rows}"


@dataclass(frozen=True)
class VersionRegistered(Record):
    """A model version, and what the registry says it was made of.

    What nobody wrote there is empty: of a version that others made no more may be known than its
    artifact's address.
    """

    kind: ClassVar[str] = "version"

    version: str
    model: str
    created: str
    use_case: str = ""
    owner: str = ""
    artifact_sha256: str = ""
    artifact_uri: str = ""
    image: str = ""
    dataset: str = ""
    processing_job: str = ""
    training_job: str = ""
    code: str = ""
    commit: str = ""
    repository: str = ""
    mlflow_run: str = ""
    dag_run: str = ""
    trained_by: str = ""
    requested_by: str = ""
    gate_report_sha256: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    metrics: Mapping[str, float] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Its ARN."""
        return self.version


@dataclass(frozen=True)
class Decided(Record):
    """What a person decided about a version: a verdict for a stage, or a stop."""

    kind: ClassVar[str] = "decision"

    version: str
    verdict: str
    attempt: int
    person: str
    at: str
    target: str = ""
    reason: str = ""
    gate_report_sha256: str = ""

    @property
    def name(self) -> str:
        """The version, the stage and the attempt."""
        return f"{self.version}#{self.target or self.verdict}#{self.attempt}"


@dataclass(frozen=True)
class Deployed(Record):
    """A version that an endpoint began to serve, under which lease."""

    kind: ClassVar[str] = "deployment"

    endpoint: str
    config: str
    account_role: str
    model: str
    version: str
    number: int
    at: str
    run: str = ""
    artifact_sha256: str = ""
    reason: str = ""
    removed: str = ""

    @property
    def name(self) -> str:
        """The endpoint, and the fencing number of the lease."""
        return f"{self.endpoint}#{self.number:012d}"


@dataclass(frozen=True)
class Observed(Record):
    """An endpoint that others made, as it was described: it serves versions, or plain artifacts."""

    kind: ClassVar[str] = "endpoint"

    endpoint: str
    config: str
    since: str
    versions: tuple[str, ...] = ()
    artifacts: tuple[str, ...] = ()
    gone: str = ""

    @property
    def name(self) -> str:
        """The ARN of the endpoint."""
        return self.endpoint


KINDS: Final[Mapping[str, type[Record]]] = {
    kind.kind: kind
    for kind in (
        GroupDefined,
        Ingested,
        DatasetBuilt,
        VersionRegistered,
        Decided,
        Deployed,
        Observed,
    )
}


def record_of(kind: str, document: Mapping[str, Any]) -> Record:
    """Read a record from its document; keys of later releases are left out."""
    made = KINDS[kind]
    own = {item.name for item in fields(made)}
    return made(**{key: _frozen(value) for key, value in document.items() if key in own})


def puts(records: Iterable[Record], *, settled: bool = True) -> list[Update]:
    """Return the writes of records, each once; unsettled ones are taken for new the next time."""
    digest = {} if settled else {"digest": ""}
    by_key = {record.key: record for record in records}
    return [
        Update(key, ALWAYS, {}, {}, item=record.item() | digest) for key, record in by_key.items()
    ]


def counted(puts: Iterable[Update]) -> Update:
    """Return the write that counts changes, to go with them in one transaction."""
    kinds = sorted({put.key.pk.partition("#")[2] for put in puts})
    names = {f"#k{n}": kind for n, kind in enumerate(kinds)}
    adds = ", ".join(f"#k{n} :one" for n in range(len(kinds)))
    return Update(
        COUNTS,
        ALWAYS,
        {":one": 1},
        names,
        expression=f"ADD {adds}",
    )


def _frozen(value: Any) -> Any:
    if isinstance(value, list):
        return tuple(value)
    if isinstance(value, Mapping):
        return {key: _frozen(inner) for key, inner in value.items()}
    return value
