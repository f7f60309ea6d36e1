"""Pages and endpoints over a session."""

from .exporter import Exporter

__all__ = ["Exporter"]
