"""The table of Workers that ``fetch`` and ``demo`` show on a terminal."""
