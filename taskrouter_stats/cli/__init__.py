"""The command line: ``taskrouter-stats``. It needs the extra ``cli``.

``app`` gathers the commands ``demo``, ``doctor``, ``fetch``, ``plan`` and ``simulate``. ``fetch``
reads its options by ``windows``, ``whom``, ``target``, ``accounts`` and ``session_flags``, and
hands them to a ``Run`` of ``exporting``; ``pulling`` is the run behind a table; ``exits`` tells
which error ends with which code.
"""
