"""Hooks that show what a session does: in logs, in OpenTelemetry, in Prometheus.

::

    session = TaskRouterSession.from_env(hooks=[LoggingHook(), PrometheusHook()])
"""

from .logging import LoggingHook
from .opentelemetry import OpenTelemetryHook
from .prometheus import PrometheusHook

__all__ = ["LoggingHook", "OpenTelemetryHook", "PrometheusHook"]
