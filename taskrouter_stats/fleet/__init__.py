"""One budget over many processes: a pacer that they share.

``SharedPacer`` is what a session takes. Each process keeps a copy of the shared throttle
(``shared_throttle``) and one task for each budget (``synchronizer``), which takes a step
(``shared_budget``) on the newest state and writes it to the ``store`` by compare-and-set.
"""

from .pacer import SharedPacer

__all__ = ["SharedPacer"]
