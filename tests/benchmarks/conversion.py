"""(b) The conversion of a body's bytes to a record, without network, as ratios to msgspec.

``msgspec`` decodes into the same attrs classes, but reads no numeric text and keeps no unknown key.
``pydantic`` decodes into models made from the same fields. All take turns in each round.
"""

import gc
import statistics
import time
from collections.abc import Callable

import orjson

from taskrouter_stats import models
from tests.benchmarks.nginx import BODY
from tests.benchmarks.pydantic_models import statistics_model
from tests.benchmarks.table import Ratio, Table

__all__ = ["table"]

ROUNDS, TIMES = 21, 1_000
QUICK_ROUNDS = 3


def _contenders() -> dict[str, Callable[[], object]]:
    import msgspec  # noqa: PLC0415 (only this benchmark requires it)

    outer = statistics_model()
    decoder = msgspec.json.Decoder(models.WorkerStatistics)
    return {
        "msgspec": lambda: decoder.decode(BODY),
        "orjson alone": lambda: orjson.loads(BODY),
        "pydantic": lambda: outer.model_validate_json(BODY),
        "this package": lambda: models.structure(orjson.loads(BODY), models.WorkerStatistics),
    }


def table(*, quick: bool) -> Table:
    """Return the CPU of each conversion, and its ratio to msgspec."""
    contenders = _contenders()
    spent: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(QUICK_ROUNDS if quick else ROUNDS):
        gc.collect()
        for name, convert in contenders.items():
            begun = time.process_time()
            for _ in range(TIMES):
                convert()
            spent[name].append(1e6 * (time.process_time() - begun) / TIMES)
    lines = [
        (
            name,
            f"{statistics.median(each):.1f} µs",
            str(Ratio.between(each, spent["msgspec"])),
        )
        for name, each in spent.items()
    ]
    return Table(("conversion", "CPU", "to msgspec"), lines)
