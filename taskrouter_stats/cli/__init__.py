"""The command line ``taskrouter-stats``. It requires the extra ``cli``.

``app`` groups the commands ``compact``, ``demo``, ``doctor``, ``fetch``, ``plan`` and ``simulate``.
``options/`` holds the options that commands share. ``fetch/`` fetches rows through an
``ExportRun`` into files or standard output; ``table/`` writes them into a table on a terminal.
``exit_codes`` maps errors to exit codes.
"""
