"""The command line: ``taskrouter-stats``. It needs the extra ``cli``.

``app`` gathers the commands ``demo``, ``doctor``, ``fetch`` and ``simulate``; ``pulling`` is the
run that ``demo`` and ``fetch`` share; ``exits`` tells which error ends with which code.
"""
