"""A process sees its sandbox as /opt/ml; where that is not allowed, it is said."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from localaws.sagemaker.machine import mounts
from tests.localaws.sagemaker.work import Workshop, archive

namespaces = pytest.mark.skipif(not mounts.available(), reason="no user namespaces on this machine")
#: What `FrameworkProcessor` of SageMaker's SDK has a container run.
RUNPROC = """#!/bin/bash
cd /opt/ml/processing/input/code/
tar -xzf sourcedir.tar.gz
set -e
python main.py "$@"
"""
MAIN = """
import pathlib, sys
text = pathlib.Path("/opt/ml/processing/input/raw/raw.csv").read_text()
pathlib.Path("/opt/ml/processing/output/copy.csv").write_text(text + " ".join(sys.argv[1:]))
"""


@namespaces
def test_folder_is_opt_ml_for_one_process_alone(tmp_path: Path) -> None:
    ml, scratch = tmp_path / "ml", tmp_path / "scratch"
    ml.mkdir()
    scratch.mkdir()
    present = sorted(path.name for path in Path("/opt").iterdir())
    script = "echo seen > /opt/ml/file; ls /opt"
    done = subprocess.run(
        mounts.inside(["sh", "-c", script], ml, scratch), capture_output=True, check=True
    )
    assert (ml / "file").read_text() == "seen\n"
    assert sorted(done.stdout.decode().split()) == sorted({*present, "ml"})
    assert sorted(path.name for path in Path("/opt").iterdir()) == present


@namespaces
@pytest.mark.skipif(Path("/opt/ml").exists(), reason="this machine's own /opt/ml is mounted over")
def test_the_files_and_folders_of_opt_stay_beside_it(tmp_path: Path) -> None:
    for name in ("ml", "scratch", "opt"):
        (tmp_path / name).mkdir()
    (tmp_path / "opt" / "release").write_text("file")
    (tmp_path / "opt" / ".hidden").write_text("hidden")
    (tmp_path / "opt" / "tool").mkdir()
    (tmp_path / "opt" / "tool" / "bin").write_text("tool")
    (tmp_path / "opt" / "link").symlink_to("release")
    command = mounts.inside(
        ["sh", "-c", "cat /opt/release /opt/.hidden /opt/tool/bin /opt/link"],
        tmp_path / "ml",
        tmp_path / "scratch",
    )
    # A machine whose /opt is the folder of this test.
    machine = ["unshare", "-Urm", "sh", "-c", 'mount --bind "$1" /opt; shift; exec "$@"', "sh"]
    done = subprocess.run(
        [*machine, str(tmp_path / "opt"), *command], capture_output=True, check=True
    )
    assert done.stdout.decode() == "filehiddentoolfile"


@namespaces
def test_script_of_a_processing_job_may_name_its_folders_literally(workshop: Workshop) -> None:
    raw = workshop.put("raw/raw.csv", "1,2 ")
    request = workshop.processing_request("literal", "")
    request["AppSpecification"] = {
        "ImageUri": request["AppSpecification"]["ImageUri"],
        "ContainerEntrypoint": ["/bin/bash", "/opt/ml/processing/input/entrypoint/runproc.sh"],
        "ContainerArguments": ["--mode", "fast"],
    }
    source = workshop.put("literal/sourcedir.tar.gz", archive({"main.py": MAIN}))
    request["ProcessingInputs"] = [
        workshop.input("raw", raw),
        workshop.input("code", source),
        workshop.input("entrypoint", workshop.put("literal/runproc.sh", RUNPROC)),
    ]
    workshop.sagemaker.create_processing_job(**request)
    described = workshop.processed("literal")
    assert described["ProcessingJobStatus"] == "Completed", described
    assert workshop.read("out/literal/copy.csv") == b"1,2 --mode fast"


def test_job_is_told_where_the_machine_has_no_namespaces(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mounts, "available", lambda: False)
    workshop.process("told", "print('hi')")
    lines = workshop.log_lines("/aws/sagemaker/ProcessingJobs", "told/")
    assert lines == [mounts.ABSENT, "hi"]
    request = workshop.training_request("refused", "")
    algorithm = request["AlgorithmSpecification"] | {"ContainerEntrypoint": ["/bin/bash"]}
    with pytest.raises(Exception, match="user namespaces"):
        workshop.sagemaker.create_training_job(**request | {"AlgorithmSpecification": algorithm})
