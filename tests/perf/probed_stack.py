"""`python -m tests.perf.probed_stack FOLDER up|demo|down`: the stack; its tasks' times are kept."""

from __future__ import annotations

import sys
from pathlib import Path

from stack import __main__ as stack
from stack import settings

PROBE = Path(__file__).parent / "probe"


def main(folder: str, arguments: list[str]) -> int:
    """Run a command of the stack whose Python processes write their times into a folder."""
    plain = settings.base

    def probed() -> dict[str, str]:
        environment = plain()
        path = f"{PROBE}:{environment['PYTHONPATH']}"
        return environment | {"PYTHONPATH": path, "CAUSEWAY_PROBE": folder}

    settings.base = probed
    sys.argv = ["stack", *arguments]
    return stack.main()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
