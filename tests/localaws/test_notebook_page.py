"""The page "Your notebook against the local AWS" is followed literally, block after block."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.localaws.waiting import eventually

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "notebook.md"
DESCRIPTION = ".causeway/aws.json"


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)


def test_a_notebook_works_as_the_page_says(tmp_path: Path) -> None:
    """Only the file's place differs, so that a running stack is left alone."""
    described = tmp_path / "aws.json"
    (start,) = blocks("sh")
    command = start.replace(".venv/bin/python", f"exec {sys.executable}")
    command = command.replace("PYTHONPATH=include exec", "export PYTHONPATH=include; exec")
    command = command.replace(DESCRIPTION, str(described)).replace(".causeway", str(tmp_path))
    script = "\n".join(blocks("python")).replace(DESCRIPTION, str(described))
    bare = {name: text for name, text in os.environ.items() if not name.startswith("AWS_")}
    with subprocess.Popen(["sh", "-c", command], cwd=ROOT, env=bare) as server:
        try:
            eventually(described.exists, 60)
            done = subprocess.run(
                [sys.executable, "-c", script],
                cwd=ROOT,
                env=bare,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
        finally:
            server.terminate()
    assert done.returncode == 0, done.stderr


def test_every_block_of_the_page_is_executed() -> None:
    fences = PAGE.read_text().count("```")
    assert fences == 2 * (len(blocks("sh")) + len(blocks("python")))
