"""The log of the local AWS: an entry is one line, whatever a client wrote into a name."""

from __future__ import annotations

import copy
import logging
from typing import Any

FORMAT = "%(asctime)s %(levelname)s %(name)s %(message)s"


class OneLine(logging.Formatter):
    """Escapes control characters in a message, and indents the lines of a traceback."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the entry; another handler may have kept a traceback in its own form."""
        record = copy.copy(record)
        record.exc_text = None
        return super().format(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the entry without its traceback."""
        return "".join(map(_visible, super().formatMessage(record)))

    def formatException(self, ei: Any) -> str:  # noqa: N802 - logging's name
        """Return the traceback; no line of it looks like an entry."""
        lines = super().formatException(ei).splitlines()
        return "\n".join("    " + "".join(map(_visible, line)) for line in lines)


def _visible(character: str) -> str:
    return character if character.isprintable() else ascii(character)[1:-1]
