"""Secrets that occur nowhere else, and a search for them in everything that shows text."""

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
"""Length of a part that counts as shown: a part of a secret counts as the secret."""


@frozen
class Canary:
    """A user name and a secret that occur nowhere else."""

    name: str
    secret: str

    @property
    def basic(self):
        """The value of the header, without ``Basic``."""
        return base64.b64encode(f"{self.name}:{self.secret}".encode()).decode()

    def found_in(self, *texts):
        """Return the parts of the secret, plain or as in the header, that these texts show."""
        shown_text = b"\n".join(
            text if isinstance(text, bytes) else text.encode() for text in texts
        )
        start = -(-(len(self.name) + 1) * 4 // 3)  # where the secret begins in the header
        shown = (self.secret, self.basic[start:].rstrip("="))
        pieces = {text[at : at + _LETTERS] for text in shown for at in range(len(text) - 7)}
        return sorted(piece for piece in pieces if piece.encode() in shown_text)


TOKEN = Canary(ACCOUNT, "c4nary0fThe~?>M1ne/Sings+Alone")
PASSWORD = Canary("user", "pr0xyC4naryHush")
CREDENTIALS = Credentials.auth_token(ACCOUNT, TOKEN.secret)


def leaked(*texts):
    """Return the parts of either secret that these texts show."""
    return TOKEN.found_in(*texts) + PASSWORD.found_in(*texts)


def texts_of(error):
    """Return every text of an error: message, attributes, tracebacks with locals, pickle."""
    trace = error.__traceback__
    while trace is not None and "/tests/" in trace.tb_frame.f_code.co_filename:
        trace = trace.tb_next
    error = error.with_traceback(trace)
    texts = [repr(error), str(error), repr(error.args), repr(vars(error)), *chained(error)]
    full = traceback.TracebackException.from_exception(error, capture_locals=True)
    texts += full.format()
    texts += locals_by_rich(error) + locals_by_rich(error, locals_max_string=None)
    ours = isinstance(error, TaskRouterStatsError)  # every error of this package can be pickled
    return [*texts, pickle.dumps(error) if ours else pickled(error)]


def chained(error):
    """Return the texts of an error's causes and contexts, which a debugger shows."""
    behind = [cause for cause in (error.__cause__, error.__context__) if cause is not None]
    return [text for cause in behind for text in (repr(cause), repr(vars(cause)), *chained(cause))]


def by_rich(error):
    """Return rich's traceback with locals."""
    console = Console(file=io.StringIO(), width=400)
    made = Traceback.from_exception(type(error), error, error.__traceback__, show_locals=True)
    console.print(made)
    return console.file.getvalue()


def locals_by_rich(error, **options):
    """Return the locals in rich's traceback, without its slow colours."""
    trace = Traceback.extract(type(error), error, error.__traceback__, show_locals=True, **options)
    frames = [frame for stack in trace.stacks for frame in stack.frames]
    return [node.render() for frame in frames for node in (frame.locals or {}).values()]


def pickled(value):
    """Return the value's pickle, or nothing if it cannot be pickled."""
    try:
        return pickle.dumps(value)
    except (TypeError, pickle.PicklingError, AttributeError):
        return b""
