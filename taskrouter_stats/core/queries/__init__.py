"""One constructor for each operation, such as ``queries.worker_statistics(…)``.

A constructor checks its arguments and returns a value; it sends nothing. ``session.fetch`` sends
a ``Query`` and returns the answer; ``session.iterate`` reads a ``Listing``.
"""

from . import task_queues as _task_queues
from . import workers as _workers
from . import workflows as _workflows
from . import workspaces as _workspaces
from .task_queues import *  # noqa: F403 (each module lists its constructors)
from .workers import *  # noqa: F403
from .workflows import *  # noqa: F403
from .workspaces import *  # noqa: F403

__all__: list[str] = []
__all__ += _task_queues.__all__
__all__ += _workers.__all__
__all__ += _workflows.__all__
__all__ += _workspaces.__all__
