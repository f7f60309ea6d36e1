"""Pages and endpoints over a session, and what web applications need beside one.

``Dashboard`` serves a live page of a Workspace, ``Exporter`` serves statistics to Prometheus, and
``http_error`` maps errors to HTTP statuses.
"""

from .dashboard import Dashboard
from .exporter import Exporter
from .http_errors import http_error

__all__ = ["Dashboard", "Exporter", "http_error"]
