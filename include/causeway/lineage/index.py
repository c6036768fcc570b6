"""The graph that records amount to, whatever their order.

A feature group holds what all its ingestions wrote. So that a dataset is traced to those alone that
were there when it was built, each ingestion comes of the one before it, and a dataset of the last
one before its snapshot: edges grow with the records, not with their product.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from typing import Any, Final

from causeway.features.health import SKEW
from causeway.instants import moment
from causeway.lineage import things
from causeway.lineage.graph import Graph, GraphBuilder
from causeway.lineage.links import code_link
from causeway.lineage.records import (
    DatasetBuilt,
    Decided,
    Deployed,
    GroupDefined,
    Ingested,
    Observed,
    Record,
    VersionRegistered,
)
from causeway.lineage.things import Kind, Relation
from causeway.topology.account_roles import AccountRole
from causeway.topology.arns import ModelPackageArn
from causeway.versions.stages import Stage

#: The stage that a version enters with its deployment into an account.
ENTERED: Final[Mapping[str, str]] = {
    AccountRole.TEST.value: Stage.TEST.value,
    AccountRole.PROD.value: Stage.PRODUCTION.value,
}
APPROVED: Final = "approved"
#: The digest that an address of code ends with.
_DIGEST: Final = re.compile(r"[0-9a-f]{16,64}")


def graph_of(records: Iterable[Record]) -> Graph:
    """Return the graph of some records."""
    return _Building(records).graph()


class _Building:
    def __init__(self, records: Iterable[Record]) -> None:
        self.by_kind: dict[type[Record], list[Any]] = defaultdict(list)
        for record in records:
            self.by_kind[type(record)].append(record)
        self.out = GraphBuilder()
        #: The ingestions of each group: when each began, and its number, in this order.
        self.states: dict[str, list[tuple[datetime, int]]] = {}
        self.features: dict[tuple[str, str], int] = {}
        self.approvals: dict[tuple[str, str], list[tuple[datetime, int]]] = defaultdict(list)

    def graph(self) -> Graph:
        for defined in self.by_kind[GroupDefined]:
            self._group(defined)
        self._ingestions()
        for dataset in self.by_kind[DatasetBuilt]:
            self._dataset(dataset)
        for version in self.by_kind[VersionRegistered]:
            self._version(version)
        for decision in sorted(self.by_kind[Decided], key=lambda each: each.at):
            self._decision(decision)
        self._deployments()
        for observed in self.by_kind[Observed]:
            self._observed(observed)
        return self.out.graph()

    def link(self, relation: Relation, *chain: int | None) -> None:
        """Link each thing of a chain with the next; what is not known is left out."""
        numbers = [number for number in chain if number is not None]
        for source, target in pairwise(numbers):
            self.out.link(source, target, relation)

    # ----------------------------------------------------------------- features
    def _group(self, record: GroupDefined) -> None:
        facts = {
            "use_case": record.use_case,
            "owner": record.owner,
            "offline_uri": record.offline_uri,
            "table": record.table,
        }
        self.out.add(things.group(record.group, **facts))
        for name in record.features:
            self._feature(record.group, name)

    def _feature(self, arn: str, name: str) -> int:
        """Return a feature, which is the same one in a thousand datasets."""
        feature = self.features.get((arn, name))
        if feature is None:
            feature = self.features[arn, name] = self.out.add(things.feature(arn, name), name)
            self.out.link(self.out.add(things.group(arn)), feature, Relation.ASSOCIATED_WITH)
        return feature

    def _ingestions(self) -> None:
        by_group: dict[str, list[Ingested]] = defaultdict(list)
        for record in self.by_kind[Ingested]:
            by_group[record.group].append(record)
        for arn, records in by_group.items():
            states = sorted((moment(record.began), record.name, record) for record in records)
            before: int | None = None
            self.states[arn] = []
            for began, _, record in states:
                state = self._ingestion(record)
                if record.stores == "online":
                    continue  # datasets are built of the offline store
                self.link(Relation.DERIVED_FROM, before, state)
                self.states[arn].append((began, state))
                before = state

    def _ingestion(self, record: Ingested) -> int:
        group = self.out.add(things.group(record.group))
        account = things.account_of(record.group)
        facts = {
            "account": account,
            "run": record.run,
            "began": record.began,
            "finished": record.finished,
            "rows": record.written,
            "stores": record.stores,
        }
        name = f"{self.out.name(group)} {record.finished[:16]}"
        state = self.out.add(things.Thing(record.name, Kind.INGESTION, name, facts))
        job = self._job(record.job)
        file = source = None
        if record.source_sha256:
            about = {"rows": record.source_rows, "synthetic": record.synthetic}
            file = self.out.add(things.file(record.source_sha256, **about))
        if record.source:
            source = self._source(record)
        self.link(Relation.CONTRIBUTED_TO, source, file, job or state)
        self.link(Relation.CONTRIBUTED_TO, self._code(record.code, record), job or state)
        self.link(Relation.PRODUCED, job, state)
        self.link(Relation.ASSOCIATED_WITH, group, state)
        return state

    def _source(self, record: Ingested) -> int:
        """Return where a file came from; a name that is no address is its use case's alone."""
        if "://" in record.source:
            return self.out.add(things.source(record.source), record.source)
        thing = things.source(f"{record.use_case}:{record.source}")
        return self.out.add(replace(thing, name=record.source), record.source)

    # ----------------------------------------------------------------- training
    def _dataset(self, record: DatasetBuilt) -> None:
        dataset = self.out.add(
            things.dataset(
                record.digest_of_rows,
                uri=record.uri,
                account=self._bucket_account(record.uri),
                rows=record.rows,
                snapshot=record.snapshot,
                query_sha256=record.query_sha256,
                query=record.query,
                synthetic=record.synthetic,
            ),
            *filter(None, [record.uri]),
        )
        for arn, names in record.features.items():
            for name in names:
                self.out.link(self._feature(arn, name), dataset, Relation.CONTRIBUTED_TO)
            self.link(Relation.CONTRIBUTED_TO, self._state(arn, record.snapshot), dataset)

    def _state(self, group: str, snapshot: str) -> int | None:
        """Return the last ingestion that had begun by a snapshot, if any.

        A snapshot is the service's time of the last write. Its clock may be behind ours: rather one
        ingestion too many than a dataset without the one that it was made of.
        """
        states = self.states.get(group, [])
        if not snapshot:
            return states[-1][1] if states else None
        count = bisect_right(states, moment(snapshot) + SKEW, key=lambda state: state[0])
        return states[count - 1][1] if count else None

    def _version(self, record: VersionRegistered) -> None:
        arn = ModelPackageArn.parse(record.version)
        facts = {
            "use_case": record.use_case,
            "created": record.created,
            "trained_by": record.trained_by,
            "requested_by": record.requested_by,
            "image": record.image,
            "dag_run": record.dag_run,
            "gate_report_sha256": record.gate_report_sha256,
            "parameters": dict(record.parameters),
            "metrics": dict(record.metrics),
        }
        number = arn.version
        version = self.out.add(things.version(record.version, **facts), f"{record.model}/{number}")
        about = {"use_case": record.use_case, "owner": record.owner}
        model = self.out.add(things.model(str(arn.group_arn), record.model, **about), arn.group)
        dataset = training = run = artifact = None
        if record.dataset:
            dataset = self.out.add(things.dataset(record.dataset))
        if record.mlflow_run:
            run = self.out.add(things.run(record.mlflow_run))
        if record.artifact_sha256 or record.artifact_uri:
            thing = things.artifact(record.artifact_sha256, record.artifact_uri)
            artifact = self.out.add(thing, *filter(None, [record.artifact_uri]))
        training = self._job(record.training_job)
        self.link(
            Relation.CONTRIBUTED_TO, dataset, self._job(record.processing_job), training or artifact
        )
        self.link(Relation.CONTRIBUTED_TO, self._code(record.code, record), training)
        self.link(Relation.PRODUCED, training, artifact)
        self.link(Relation.ASSOCIATED_WITH, training, run, artifact or version)
        self.link(Relation.CONTRIBUTED_TO, artifact, version)
        self.link(Relation.ASSOCIATED_WITH, version, model)

    def _job(self, arn: str) -> int | None:
        return self.out.add(things.job(arn)) if arn else None

    def _code(self, address: str, record: Ingested | VersionRegistered) -> int | None:
        """Return code by its content, which the address ends with; else by its commit."""
        digests = _DIGEST.findall(address)
        digest = digests[-1][:16] if digests else record.commit
        if not digest:
            return None
        link = code_link(record.repository, record.commit)
        about = {"commit": record.commit, "repository": record.repository, "link": link}
        return self.out.add(things.code(digest, **about), *filter(None, [record.commit]))

    def _bucket_account(self, uri: str) -> str:
        """Return the account in the name of one of our buckets."""
        match = re.match(r"s3://causeway-[a-z-]+-(\d{12})-", uri)
        return match[1] if match else ""

    # --------------------------------------------------- decisions and endpoints
    def _decision(self, record: Decided) -> None:
        version = self.out.add(things.version(record.version))
        facts = {
            "verdict": record.verdict,
            "stage": record.target,
            "attempt": record.attempt,
            "person": record.person,
            "at": record.at,
            "reason": record.reason,
            "gate_report_sha256": record.gate_report_sha256,
        }
        words = " ".join(filter(None, [record.verdict, record.target, "by", record.person]))
        decision = self.out.add(things.Thing(record.name, Kind.DECISION, words, facts))
        self.link(Relation.ASSOCIATED_WITH, version, decision)
        if record.verdict == APPROVED:
            self.approvals[record.version, record.target].append((moment(record.at), decision))

    def _deployments(self) -> None:
        by_endpoint: dict[str, list[Deployed]] = defaultdict(list)
        for record in self.by_kind[Deployed]:
            by_endpoint[record.endpoint].append(record)
        for records in by_endpoint.values():
            records.sort(key=lambda record: record.number)
            following = [record.at for record in records[1:]]
            for record, until in zip(records, [*following, ""], strict=True):
                self._deployment(record, until)

    def _deployment(self, record: Deployed, until: str) -> None:
        version = self.out.add(things.version(record.version))
        config = self.out.add(things.sagemaker(record.config, Kind.CONFIG))
        about = {"account_role": record.account_role, "model": record.model}
        endpoint = self.out.add(
            things.sagemaker(record.endpoint, Kind.ENDPOINT, **about),
            f"{record.account_role}/{record.endpoint.rpartition('/')[2]}",
        )
        ends = [end for end in (record.removed, until) if end]
        facts = {
            "account": things.account_of(record.endpoint),
            "account_role": record.account_role,
            "endpoint": record.endpoint,
            "version": record.version,
            "since": record.at,
            "until": min(ends) if ends else None,
            "run": record.run,
            "reason": record.reason,
        }
        name = f"{self.out.name(version)} from {record.at[:16]}"
        deployment = self.out.add(things.Thing(record.name, Kind.DEPLOYMENT, name, facts))
        self.link(Relation.CONTRIBUTED_TO, version, config, deployment)
        self.link(Relation.ASSOCIATED_WITH, deployment, endpoint)
        self.link(Relation.CONTRIBUTED_TO, self._let_in(record), deployment)

    def _let_in(self, record: Deployed) -> int | None:
        """Return the decision that let a version in: the last approval before it went there."""
        stage = ENTERED.get(record.account_role, "")
        approvals = self.approvals.get((record.version, stage), [])
        count = bisect_right(approvals, moment(record.at), key=lambda each: each[0])
        return approvals[count - 1][1] if count else None

    def _observed(self, record: Observed) -> None:
        """Add an endpoint that others made, as one deployment that goes on."""
        endpoint = self.out.add(things.sagemaker(record.endpoint, Kind.ENDPOINT))
        config = self.out.add(things.sagemaker(record.config, Kind.CONFIG))
        facts = {
            "account": things.account_of(record.endpoint),
            "endpoint": record.endpoint,
            "version": record.versions[0] if len(record.versions) == 1 else None,
            "since": record.since,
            "until": record.gone or None,
            "reason": "made by others",
        }
        name = f"{self.out.name(endpoint)} from {record.since[:16]}"
        deployment = self.out.add(
            things.Thing(f"{record.endpoint}#{record.since}", Kind.DEPLOYMENT, name, facts)
        )
        for version in record.versions:
            served = self.out.add(things.served_package(version))
            self.link(Relation.CONTRIBUTED_TO, served, config)
        for uri in record.artifacts:
            artifact = self.out.numbered(things.address(uri))
            if artifact is None:
                artifact = self.out.add(things.artifact("", uri), uri)
            self.link(Relation.CONTRIBUTED_TO, artifact, config)
        self.link(Relation.CONTRIBUTED_TO, config, deployment)
        self.link(Relation.ASSOCIATED_WITH, deployment, endpoint)
