"""Pages over a session: a live dashboard of a Workspace."""

from .dashboard import Dashboard

__all__ = ["Dashboard"]
