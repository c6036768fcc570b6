"""Entry point: `python -m localaws --topology FILE --describe FILE [--port N] [--control]`."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
import threading
from pathlib import Path

from localaws.kit import log
from localaws.kit.delays import Delays
from localaws.server import HOST, Accounts, LocalAws


def main() -> int:
    """Serve until SIGTERM or SIGINT."""
    parser = argparse.ArgumentParser(prog="localaws", description="A multi-account AWS in memory.")
    parser.add_argument("--topology", type=Path, required=True, help="region and accounts (YAML)")
    parser.add_argument("--describe", type=Path, help="where to write endpoint and keys (mode 600)")
    parser.add_argument("--port", type=int, help="default: 4566 or the next free one")
    parser.add_argument(
        "--host",
        default=HOST,
        help="the address to listen on (default: %(default)s). Another one is for a container, "
        "whose own 127.0.0.1 no other container reaches",
    )
    parser.add_argument(
        "--endpoint", metavar="URL", help="what --describe calls it, such as http://localaws:4566"
    )
    parser.add_argument("--control", action="store_true", help="serve the control routes")
    parser.add_argument(
        "--no-enforce",
        dest="enforce",
        action="store_false",
        help="evaluate and record permissions, but do not enforce them",
    )
    parser.add_argument(
        "--check-replies",
        action="store_true",
        help="check every reply against botocore's output shape (control route: /conformance)",
    )
    parser.add_argument(
        "--offline-delay",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="until records are in the offline store; on AWS up to 15 minutes (default: 0)",
    )
    parser.add_argument(
        "--deletion-delay",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="how long a deleted endpoint stays Deleting (default: 0)",
    )
    options = parser.parse_args()
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(log.OneLine(log.FORMAT))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("botocore").setLevel(logging.WARNING)
    try:
        accounts = Accounts.load(options.topology)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    server = LocalAws(
        accounts,
        port=options.port,
        host=options.host,
        advertised=options.endpoint,
        control=options.control,
        enforce=options.enforce,
        check_replies=options.check_replies,
        delays=Delays(options.offline_delay, options.deletion_delay),
    )
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    server.start()
    if options.describe:
        server.write_description(options.describe)
    logging.getLogger("localaws").info(
        "%d accounts in %s at %s; state is in memory and ends with this process",
        len(server.cloud.account_ids()),
        accounts.region,
        server.endpoint,
    )
    stopped.wait()
    server.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
