"""Web pages over a session, and what web applications need beside one.

``Dashboard`` serves a live page of a Workspace. ``http_error`` maps errors to HTTP statuses.
"""

from .dashboard import Dashboard
from .http_errors import http_error

__all__ = ["Dashboard", "http_error"]
