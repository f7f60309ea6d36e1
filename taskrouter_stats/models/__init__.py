"""Typed records: the API's answers as frozen attrs classes."""

from . import cumulative, live_worker, real_time, resources, statistics
from .converter import structure, structure_item, to_dict, to_json
from .credentials import Credentials
from .cumulative import *  # noqa: F403 (each module lists its records)
from .live_worker import *  # noqa: F403
from .real_time import *  # noqa: F403
from .record import (
    ActivityDuration,
    ActivityStatistic,
    SplitByWaitTime,
    WaitDuration,
    WaitTimeCounts,
)
from .resources import *  # noqa: F403
from .sids import check_sid
from .statistics import *  # noqa: F403

__all__ = [
    "ActivityDuration",
    "ActivityStatistic",
    "Credentials",
    "SplitByWaitTime",
    "WaitDuration",
    "WaitTimeCounts",
    "check_sid",
    "structure",
    "structure_item",
    "to_dict",
    "to_json",
]
__all__ += cumulative.__all__
__all__ += live_worker.__all__
__all__ += real_time.__all__
__all__ += resources.__all__
__all__ += statistics.__all__
