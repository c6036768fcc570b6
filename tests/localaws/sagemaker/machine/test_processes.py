"""No child process outlives the local AWS."""

from __future__ import annotations

from pathlib import Path

from localaws.sagemaker.machine.processes import ProcessTable
from tests.localaws.sagemaker.work import Workshop
from tests.localaws.waiting import eventually


def test_shutdown_ends_scripts_and_their_children(workshop: Workshop) -> None:
    script = "import subprocess; subprocess.run(['sleep', '61'])"
    workshop.sagemaker.create_processing_job(**workshop.processing_request("parent", script))
    table = ProcessTable.of(workshop.aws.cloud)
    [pid] = eventually(table.alive)
    children = Path(f"/proc/{pid}/task/{pid}/children")
    [child] = eventually(lambda: children.read_text().split())
    workshop.aws.cloud.close()
    eventually(lambda: not Path(f"/proc/{pid}").exists())
    eventually(lambda: not Path(f"/proc/{child}").exists())
