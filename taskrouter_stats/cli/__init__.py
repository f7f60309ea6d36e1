"""The command line ``taskrouter-stats``. It requires the extra ``cli``.

``app`` groups the commands ``compact``, ``demo``, ``doctor``, ``fetch``, ``plan`` and ``simulate``.
``options/`` holds the options that commands share. ``fetch/`` writes rows through an
``ExportRun``; ``table/`` shows them on a terminal through a ``TableRun``. ``exit_codes`` maps
errors to exit codes.
"""
