"""Lines on stderr: plain text, or one JSON object per line for a log collector."""

import logging
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import attrs
import orjson
from attrs import frozen
from rich.console import Console

from .plain_text import printable
from .progress import ProgressSnapshot, plain_line

__all__ = ["Reporter"]

_LOGGER: Final = logging.getLogger("taskrouter_stats")


@frozen
class Reporter:
    """Writer of what happens in a run.

    Attributes:
        console: the console of stderr.
        as_json: whether each line is a JSON object: ``time``, ``level``, ``event``, ``message``.
        every: seconds between two lines of progress if the console is not a terminal.
    """

    console: Console
    as_json: bool = False
    every: float = 30.0

    def write(self, text: str, *, level: str = "info", event: str = "note", **more: Any) -> None:
        """Write one line.

        Args:
            text: the message.
            level: ``info``, ``warning`` or ``error``.
            event: the kind of event, for JSON.
            more: further keys of the JSON object.
        """
        self.console.out(self._line(printable(text), level, event, more), highlight=False)

    def progress_line(self, snapshot: ProgressSnapshot) -> str:
        """Return a line of progress."""
        text = plain_line(snapshot)
        return self._line(text, "info", "progress", attrs.asdict(snapshot))

    @contextmanager
    def logging(self) -> Generator[None]:
        """Write the package's warnings here, too, until the block ends."""
        handler = _Handler(partial(self.write, event="log"))
        _LOGGER.addHandler(handler)
        try:
            yield
        finally:
            _LOGGER.removeHandler(handler)

    def _line(self, text: str, level: str, event: str, more: dict[str, Any]) -> str:
        if not self.as_json:
            return text
        fields = {
            "time": datetime.now(UTC),
            "level": level,
            "event": event,
            "message": text,
            **more,
        }
        return orjson.dumps(fields, option=orjson.OPT_UTC_Z, default=str).decode()


class _Handler(logging.Handler):
    """Logging handler that writes records as lines."""

    def __init__(self, say: Any) -> None:
        super().__init__(logging.WARNING)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        """Write one record."""
        level = record.levelname.lower()
        self._say(record.getMessage(), level=level, logger=record.name)
