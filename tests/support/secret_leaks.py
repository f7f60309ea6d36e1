"""A secret that can be told from everything else, and where it could come to light."""

import base64
import io
import pickle
import traceback

from attrs import frozen
from rich.console import Console
from rich.traceback import Traceback

from taskrouter_stats import Credentials
from taskrouter_stats.errors import TaskRouterStatsError

from .fakes import ACCOUNT

_LETTERS = 8
"""So many in a row give a secret away: what shows its beginning only shows it too."""


@frozen
class Canary:
    """A name and a secret, as one that is not to be found anywhere."""

    name: str
    secret: str

    @property
    def basic(self):
        """The value of the header, without ``Basic``."""
        return base64.b64encode(f"{self.name}:{self.secret}".encode()).decode()

    def found_in(self, *texts):
        """What these texts show of the secret, as it is or as in the header, if only in part."""
        told = b"\n".join(text if isinstance(text, bytes) else text.encode() for text in texts)
        start = -(-(len(self.name) + 1) * 4 // 3)  # where the header gets to the secret itself
        shown = (self.secret, self.basic[start:].rstrip("="))
        pieces = {text[at : at + _LETTERS] for text in shown for at in range(len(text) - 7)}
        return sorted(piece for piece in pieces if piece.encode() in told)


TOKEN = Canary(ACCOUNT, "c4nary0fThe~?>M1ne/Sings+Alone")
PASSWORD = Canary("user", "pr0xyC4naryHush")
CREDENTIALS = Credentials.auth_token(ACCOUNT, TOKEN.secret)


def leaked(*texts):
    """What these texts show of either."""
    return TOKEN.found_in(*texts) + PASSWORD.found_in(*texts)


def told_by(error):
    """All that an error can tell: itself, what it holds, its tracebacks with locals, its pickle.

    The frames of tests are left out of them, as a caller's own locals are the caller's.
    """
    trace = error.__traceback__
    while trace is not None and "/tests/" in trace.tb_frame.f_code.co_filename:
        trace = trace.tb_next
    error = error.with_traceback(trace)
    texts = [repr(error), str(error), repr(error.args), repr(vars(error)), *chained(error)]
    full = traceback.TracebackException.from_exception(error, capture_locals=True)
    texts += full.format()
    texts += locals_by_rich(error) + locals_by_rich(error, locals_max_string=None)
    ours = isinstance(error, TaskRouterStatsError)  # every error of ours does make a pickle
    return [*texts, pickle.dumps(error) if ours else pickled(error)]


def chained(error):
    """The errors behind an error, which a debugger shows even where a traceback does not."""
    behind = [cause for cause in (error.__cause__, error.__context__) if cause is not None]
    return [text for cause in behind for text in (repr(cause), repr(vars(cause)), *chained(cause))]


def by_rich(error):
    """The traceback with locals that rich prints."""
    console = Console(file=io.StringIO(), width=400)
    made = Traceback.from_exception(type(error), error, error.__traceback__, show_locals=True)
    console.print(made)
    return console.file.getvalue()


def locals_by_rich(error, **options):
    """The locals in that traceback, without the costly colours."""
    trace = Traceback.extract(type(error), error, error.__traceback__, show_locals=True, **options)
    frames = [frame for stack in trace.stacks for frame in stack.frames]
    return [node.render() for frame in frames for node in (frame.locals or {}).values()]


def pickled(value):
    """Its pickle, or nothing when it makes none."""
    try:
        return pickle.dumps(value)
    except (TypeError, pickle.PicklingError, AttributeError):
        return b""
