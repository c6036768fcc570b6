"""P1, P2, P3: writing a 22-column table to the feature store, beside the SageMaker SDKs and boto3.

Every writer is a process of its own that is started once and then given jobs in turn; the peers
run in environments of their own. All write the head of one generated table to a stand-in server
that checks signatures (`standin.py`), with and without latency.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.perf import standin
from tests.perf.figures import REPETITIONS, ROOT, Figure, interleaved
from tests.perf.ingest_table import FEATURES, write_table
from tests.perf.peer import GROUP, MARK

PEERS = {"sdk-v2": ".venv-peer-v2", "sdk-v3": ".venv-peer-v3", "boto3": ".venv-peer-v3"}
#: Rows that we write, and that the peers write; see `_marginal`.
ROWS, PEER_ROWS = (20_000, 100_000), (50, 1_500)
P3_ROWS = (100_000, 1_000_000)
P2_LATENCY, P2_WORKERS = 0.02, 8
QUIET = "SageMaker: {PythonSDK: {Modules: {TelemetryOptOut: true}}}\nSchemaVersion: '1.0'\n"


class Writer:
    """A process that writes tables on demand."""

    def __init__(self, process: subprocess.Popen[str], log: Path) -> None:
        self._process, self._log = process, log
        self.answer()

    def answer(self) -> dict[str, float]:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(MARK):
                found: dict[str, float] = json.loads(line.removeprefix(MARK))
                return found
        raise RuntimeError(f"a writer ended:\n{self._log.read_text()[-3000:]}")

    def do(self, **job: Any) -> dict[str, float]:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return self.answer()


def measure(repetitions: int = REPETITIONS) -> dict[str, Figure]:
    """Measure all writers, one after the other, again and again."""
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        tables = {
            rows: write_table(folder / f"{rows}.asc", rows)
            for rows in sorted({PEER_ROWS[-1], *ROWS, *P3_ROWS})
        }
        (folder / "quiet.yaml").write_text(QUIET)
        near = Server(stack, folder, "near", 0.0, tables[PEER_ROWS[-1]])
        far = Server(stack, folder, "far", P2_LATENCY, tables[PEER_ROWS[-1]])
        p1 = _marginal(interleaved(_jobs(near, tables, "cpu", 1), repetitions))
        p2 = _marginal(interleaved(_jobs(far, tables, "seconds", P2_WORKERS), repetitions))
        p3 = interleaved(
            {
                str(rows): lambda rows=rows: near.ours(tables[rows], rows, "offline")["cpu"] / rows
                for rows in P3_ROWS
            },
            repetitions,
        )
        peak = near.ours(tables[P3_ROWS[-1]], P3_ROWS[-1], "offline")["mib"]
    return {"P1": _p1(p1), "P2": _p2(p2), "P3": _p3(p3, p1, peak)}


def _jobs(
    server: Server, tables: dict[int, Path], cost: str, workers: int
) -> dict[str, Callable[[], float]]:
    found: dict[str, Callable[[], float]] = {}
    for rows in ROWS:
        found[f"ours {rows}"] = lambda rows=rows: server.ours(tables[rows], rows, "online")[cost]
    for peer in PEERS:
        for rows in PEER_ROWS:
            found[f"{peer} {rows}"] = lambda rows=rows, peer=peer: server.peer(peer, rows, workers)[
                cost
            ]
    return found


def _marginal(costs: dict[str, float]) -> dict[str, float]:
    """Return costs a record: all of ours at both sizes, of a peer only what more records cost.

    What a peer spends on a call by itself (v3: seconds) is thereby no merit of ours.
    """
    found = {f"ours {rows}": costs[f"ours {rows}"] / rows for rows in ROWS}
    for name, (few, many) in {"ours": ROWS, **dict.fromkeys(PEERS, PEER_ROWS)}.items():
        found[name] = (costs[f"{name} {many}"] - costs[f"{name} {few}"]) / (many - few)
        found[f"{name} alone"] = max(0.0, costs[f"{name} {few}"] - few * found[name])
    return found


def _alone(spent: dict[str, float]) -> str:
    """Say what a call costs by itself, however many records it writes."""
    costs = (f"{name} {spent[f'{name} alone'] * 1e3:.0f}" for name in ("ours", *PEERS))
    return f"a call by itself: {', '.join(costs)} ms"


def busy() -> str:
    """Say what else the machine had to do: ratios bear it, single figures do not."""
    return f"load of the machine meanwhile {os.getloadavg()[2]:.1f}"


# --------------------------------------------------------------------------------- figures
def _p1(spent: dict[str, float]) -> Figure:
    few, many = ROWS
    cost = {name: value * 1e6 for name, value in spent.items()}
    ours, v2, v3 = cost[f"ours {many}"], cost["sdk-v2"], cost["sdk-v3"]
    return Figure(
        ours=round(ours, 1),
        unit="us CPU a record",
        goal="<= 1/20 of SDK v2 and <= 1/12 of SDK v3 in batches",
        met=ours <= v2 / 20 and ours <= v3 / 12,
        peers={peer: round(cost[peer], 1) for peer in PEERS},
        ratio=round(ours / v2, 4),
        note=f"1/{v2 / ours:.1f} of v2, 1/{v3 / ours:.1f} of v3; ours with reading, validation, "
        f"row mapping and what a call costs by itself, {many} rows; {few} rows: "
        f"{cost[f'ours {few}']:.1f} us, each further one {cost['ours']:.1f} us (linear); peers: "
        f"each further one, {PEER_ROWS[-1]} rows; {_alone(spent)}; {busy()}",
    )


def _p2(spent: dict[str, float]) -> Figure:
    few, many = ROWS
    rates = {name: 1 / value for name, value in spent.items() if not name.endswith(" alone")}
    ours, v2, v3 = rates[f"ours {many}"], rates["sdk-v2"], rates["sdk-v3"]
    return Figure(
        ours=round(ours, 1),
        unit="records/s at 20 ms latency",
        goal=f">= 50 x SDK v2, >= 20 x SDK v3, each with {P2_WORKERS} workers",
        met=ours >= 50 * v2 and ours >= 20 * v3,
        peers={peer: round(rates[peer], 1) for peer in PEERS},
        ratio=round(ours / v2, 2),
        note=f"{ours / v2:.1f} x v2, {ours / v3:.1f} x v3; {many} rows; {few} rows: "
        f"{rates[f'ours {few}']:.0f}/s; peers without what a call costs by itself, "
        f"{PEER_ROWS[-1]} rows; boto3 with one thread; {_alone(spent)}; {busy()}",
    )


def _p3(spent: dict[str, float], online: dict[str, float], peak: float) -> Figure:
    few, many = (str(rows) for rows in P3_ROWS)
    ours, v2 = spent[many] * 1e6, online["sdk-v2"] * 1e6
    return Figure(
        ours=round(ours, 3),
        unit="us CPU a record, offline only",
        goal="<= 1/1000 of SDK v2's ingest",
        met=ours <= v2 / 1000,
        peers={"sdk-v2": round(v2, 1)},
        ratio=round(ours / v2, 6),
        note=f"1/{v2 / ours:.0f}; {many} rows, {few} rows: {spent[few] * 1e6:.3f} us (linear); "
        f"peak memory {peak:.0f} MiB; {busy()}",
    )


# --------------------------------------------------------------------------------- processes
class Server:
    """A stand-in server and the writers that write to it, each started when first asked."""

    def __init__(
        self, stack: ExitStack, folder: Path, name: str, latency: float, table: Path
    ) -> None:
        self._stack, self._folder, self._table = stack, folder / name, table
        self._folder.mkdir()
        definitions, described = self._folder / "group.json", self._folder / "standin.json"
        definitions.write_text(json.dumps(_definition()))
        self._start(
            sys.executable,
            *("-m", "tests.perf.standin", "--definitions", str(definitions)),
            *("--latency", str(latency), "--describe", str(described)),
        )
        deadline = time.monotonic() + 60
        while not described.exists() or not described.read_text():
            if time.monotonic() > deadline:
                raise TimeoutError("the stand-in server did not start in 60 s")
            time.sleep(0.05)
        self._endpoint = json.loads(described.read_text())["endpoint"]
        self._writers: dict[str, Writer] = {}

    def ours(self, file: Path, rows: int, stores: str) -> dict[str, float]:
        """Have a file ingested by this project."""
        command = (sys.executable, "-m", "tests.perf.ingest_writer")
        first = {"file": str(self._table), "rows": PEER_ROWS[-1], "stores": "online"}
        writer = self._writer("ours", command, first)
        return writer.do(file=str(file), rows=rows, stores=stores)

    def peer(self, kind: str, rows: int, workers: int) -> dict[str, float]:
        """Have the head of the table written by a peer."""
        python = ROOT / PEERS[kind] / "bin" / "python"
        if not python.exists():
            raise RuntimeError(f"{python} is missing: `make bench` makes it")
        script = str(Path(__file__).with_name("peer.py"))
        command = (str(python), script, kind, str(self._table))
        writer = self._writer(kind, command, {"rows": 25, "workers": 1})
        return writer.do(rows=rows, workers=workers)

    def _writer(self, name: str, command: Sequence[str], first: dict[str, Any]) -> Writer:
        """Return a writer that has made its clients: a first job is not measured."""
        if name not in self._writers:
            self._writers[name] = Writer(*self._start(*command))
            self._writers[name].do(**first)
        return self._writers[name]

    def _start(self, *command: str) -> tuple[subprocess.Popen[str], Path]:
        endpoint = getattr(self, "_endpoint", "")
        keys = {"login": standin.KEY_ID, "password": standin.SECRET}
        extra = {"region_name": "eu-central-1", "endpoint_url": endpoint}
        environment = os.environ | {
            "PYTHONPATH": f"{ROOT / 'include'}:{ROOT / 'plugins'}:{ROOT}",
            "AIRFLOW_HOME": str(self._folder / "airflow"),
            "AIRFLOW_CONN_STANDIN": json.dumps({"conn_type": "aws", **keys, "extra": extra}),
            "AWS_ENDPOINT_URL": endpoint,
            "AWS_ACCESS_KEY_ID": standin.KEY_ID,
            "AWS_SECRET_ACCESS_KEY": standin.SECRET,
            "AWS_DEFAULT_REGION": "eu-central-1",
            "SAGEMAKER_USER_CONFIG_OVERRIDE": str(self._folder.parent / "quiet.yaml"),
            "SAGEMAKER_SUPPRESS_V2_WARNING": "1",
        }
        if command[0] != sys.executable:
            environment.pop("PYTHONPATH")
        log = self._folder / f"{len(list(self._folder.glob('*.log')))}.log"
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=environment,
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._stack.enter_context(log.open("w")),
        )
        self._stack.enter_context(_ended(process))
        return process, log


@contextlib.contextmanager
def _ended(process: subprocess.Popen[str]) -> Iterator[None]:
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def _definition() -> dict[str, Any]:
    texts = [{"FeatureName": name, "FeatureType": "String"} for name in ("record_id", "event_time")]
    numbers = [{"FeatureName": name, "FeatureType": "Integral"} for name in FEATURES]
    return {
        "FeatureGroupArn": f"arn:aws:sagemaker:eu-central-1:111111111111:feature-group/{GROUP}",
        "FeatureGroupName": GROUP,
        "RecordIdentifierFeatureName": "record_id",
        "EventTimeFeatureName": "event_time",
        "FeatureDefinitions": texts + numbers,
        "CreationTime": 1_700_000_000,
        "FeatureGroupStatus": "Created",
    }
