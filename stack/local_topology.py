"""The topology of the local stack: what ships, or the file that `CAUSEWAY_TOPOLOGY` names."""

from __future__ import annotations

from causeway.topology.accounts import Topology, load_topology
from stack import layout
from stack.processes import StackError


def local_topology() -> Topology:
    """Read the topology that a local stack starts with.

    Raises:
        ConfigError: the file is not there, or breaks its rules.
        StackError: it is one of real accounts.
    """
    topology = load_topology(layout.TOPOLOGY)
    if not topology.local:
        raise StackError(
            f"CAUSEWAY_TOPOLOGY={layout.from_root(layout.TOPOLOGY)} is of real accounts, and what "
            "is started here is the local AWS: unset it, or name a copy of "
            "include/config/topology/local.yaml"
        )
    return topology
