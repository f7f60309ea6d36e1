"""The session: the only folder that waits and sends requests."""

from .budget import BudgetSnapshot
from .items import Items
from .options import SessionOptions
from .session import TaskRouterSession
from .stream import OutcomeStream

__all__ = [
    "BudgetSnapshot",
    "Items",
    "OutcomeStream",
    "SessionOptions",
    "TaskRouterSession",
]
