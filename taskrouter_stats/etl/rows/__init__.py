"""Flat rows of an answer, one dict a row, in the columns of ``SCHEMAS``.

Rows hold Python values: aware datetimes, dates, floats, ints, and in ``json`` columns any value
that JSON can hold. Each sink encodes them in its own format. A new table costs a schema, one
function that returns its rows, and its name beside the operations that fill it in ``registry``.
"""

from .answer import SETTLE_DELAY, Answer, is_settled
from .real_time import snapshot_columns, worker_activity_rows
from .registry import OPERATIONS, main_table, rows
from .repeats import without_contradictions
from .size import ROW_BYTES, estimated_bytes
from .snapshots import snapshot_rows
from .values import Row, Tables, plain_time, zone_name

__all__ = [
    "OPERATIONS",
    "ROW_BYTES",
    "SETTLE_DELAY",
    "Answer",
    "Row",
    "Tables",
    "estimated_bytes",
    "is_settled",
    "main_table",
    "plain_time",
    "rows",
    "snapshot_columns",
    "snapshot_rows",
    "without_contradictions",
    "worker_activity_rows",
    "zone_name",
]
