"""The session: the only room that waits and sends."""

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
