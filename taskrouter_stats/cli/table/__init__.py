"""The table of workers that ``fetch`` and ``demo`` show on a terminal."""
