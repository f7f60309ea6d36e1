"""From a body's bytes to its record, without any network, as ratios to msgspec.

`msgspec` decodes into the very attrs classes, but reads no numeric text and keeps no unknown key.
`pydantic` decodes into models of its own, made from the same fields. All take turns in each round.
"""

import gc
import inspect
import statistics
import time
from collections.abc import Callable

import orjson

from taskrouter_stats import models
from tests.benchmarks.cost import Ratio
from tests.benchmarks.nginx import BODY

__all__ = ["measure"]

ROUNDS, TIMES = 21, 1_000


def _contenders() -> dict[str, Callable[[], object]]:
    import msgspec  # noqa: PLC0415 (a benchmark's own needs; the package has none of them)
    import pydantic  # noqa: PLC0415

    def model(name: str, **inner: object) -> type[pydantic.BaseModel]:
        cls = getattr(models, name)
        kinds = {key: kind for base in reversed(cls.__mro__[:-2]) for key, kind in _own(base)}
        fields = {key: (kind, None) for key, kind in (kinds | inner).items()}
        return pydantic.create_model(name, **fields)

    def _own(base: type) -> list[tuple[str, object]]:
        return [(k, v) for k, v in inspect.get_annotations(base).items() if k != "extra"]

    duration = model("ActivityDuration")
    inner = model("WorkerCumulative", activity_durations=tuple[duration, ...] | None)
    outer = model("WorkerStatistics", cumulative=inner | None)
    decoder = msgspec.json.Decoder(models.WorkerStatistics)
    return {
        "msgspec": lambda: decoder.decode(BODY),
        "orjson alone": lambda: orjson.loads(BODY),
        "pydantic": lambda: outer.model_validate_json(BODY),
        "ours": lambda: models.structure(orjson.loads(BODY), models.WorkerStatistics),
    }


def measure() -> dict[str, tuple[float, Ratio]]:
    """By contender: µs of CPU, the median, and the ratio to msgspec."""
    contenders = _contenders()
    spent: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(ROUNDS):
        gc.collect()
        for name, convert in contenders.items():
            begun = time.process_time()
            for _ in range(TIMES):
                convert()
            spent[name].append(1e6 * (time.process_time() - begun) / TIMES)
    return {
        name: (
            statistics.median(each),
            Ratio.of([a / b for a, b in zip(each, spent["msgspec"], strict=True)]),
        )
        for name, each in spent.items()
    }
