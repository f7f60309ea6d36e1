"""A worker's statistics as pydantic models, made from the fields of this package's records."""

import inspect
from typing import Any

from taskrouter_stats import models

try:
    import pydantic
except ImportError:
    pydantic = None

__all__ = ["pydantic", "statistics_model"]


def statistics_model() -> Any:
    """Return the pydantic model of the answer for one worker."""
    duration = _model("ActivityDuration")
    inner = _model("WorkerCumulative", activity_durations=tuple[duration, ...] | None)
    return _model("WorkerStatistics", cumulative=inner | None)


def _model(name: str, **inner: object) -> Any:
    cls = getattr(models, name)
    kinds = {key: kind for base in reversed(cls.__mro__[:-2]) for key, kind in _own(base)}
    fields = {key: (kind, None) for key, kind in (kinds | inner).items()}
    return pydantic.create_model(
        name, __config__=pydantic.ConfigDict(from_attributes=True), **fields
    )


def _own(base: type) -> list[tuple[str, object]]:
    return [(k, v) for k, v in inspect.get_annotations(base).items() if k != "extra"]
