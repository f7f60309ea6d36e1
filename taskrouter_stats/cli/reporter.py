"""What a run tells on stderr: plain lines, or one JSON object a line for a log's collector."""

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

from .progress import ProgressSnapshot, plain_line
from .terminal import printable

__all__ = ["Reporter"]

_LOGGER: Final = logging.getLogger("taskrouter_stats")


@frozen
class Reporter:
    """Tells what happens.

    Attributes:
        console: stderr.
        as_json: whether each line is a JSON object: ``time``, ``level``, ``event``, ``message``.
    """

    console: Console
    as_json: bool = False

    def write(self, text: str, *, level: str = "info", event: str = "note", **more: Any) -> None:
        """One line.

        Args:
            text: for people.
            level: ``info``, ``warning`` or ``error``.
            event: what it is about, in JSON.
            more: further keys of the JSON.
        """
        self.console.out(self._line(printable(text), level, event, more), highlight=False)

    def progress_line(self, standing: ProgressSnapshot) -> str:
        """A line of progress."""
        text = plain_line(standing, "answers")
        return self._line(text, "info", "progress", attrs.asdict(standing))

    @contextmanager
    def logging(self) -> Generator[None]:
        """Until the block ends, the package's warnings are told here as well."""
        handler = _Handler(partial(self.write, event="log"))
        _LOGGER.addHandler(handler)
        try:
            yield
        finally:
            _LOGGER.removeHandler(handler)

    def _line(self, text: str, level: str, event: str, more: dict[str, Any]) -> str:
        if not self.as_json:
            return text
        whole = {"time": datetime.now(UTC), "level": level, "event": event, "message": text, **more}
        return orjson.dumps(whole, option=orjson.OPT_UTC_Z, default=str).decode()


class _Handler(logging.Handler):
    """Hands records over as lines."""

    def __init__(self, say: Any) -> None:
        super().__init__(logging.WARNING)
        self._say = say

    def emit(self, record: logging.LogRecord) -> None:
        """Hand one over."""
        level = record.levelname.lower()
        self._say(record.getMessage(), level=level, logger=record.name)
