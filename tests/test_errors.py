"""Tests of the error tree: classes, pickling, texts."""

import ast
import copy
import inspect
import pickle
import tomllib
from pathlib import Path
from types import MappingProxyType

import pytest

from taskrouter_stats import errors

ROOT = Path(__file__).parent.parent
SECRET = "0123456789abcdef"
HEADERS = {"twilio-request-id": "RQ1", "date": "Thu, 01 Jan 2026 00:00:00 GMT"}
API = (503, 20503, "The server said so", "https://example.com/20503", "RQ1", HEADERS, 3)
SAMPLES = [
    errors.TaskRouterStatsError("root"),
    errors.UsageError("call fetch(query)"),
    errors.InvalidSid("worker_sid", "nonsense", "WK"),
    errors.InvalidSid("worker_sid", None, "WK"),
    errors.InvalidWindow("the window is empty"),
    errors.InvalidParameter("page_size", 0, "1 to 1000"),
    errors.ConfigError("TWILIO_AUTH_TOKEN is missing"),
    errors.MissingExtra("the command line", "cli"),
    errors.SessionMisuse("another loop"),
    errors.SessionClosed("closed"),
    errors.TransportError("no reply"),
    errors.ConnectionFailed("refused"),
    errors.TimedOut(30.0),
    errors.ApiError(418),
    errors.ApiError(*API),
    errors.BadRequest(*API),
    errors.Unauthorized(*API),
    errors.Forbidden(*API),
    errors.NotFound(*API),
    errors.ServerError(*API),
    errors.RateLimited(),
    errors.RateLimited(*API, 50.0, 0.0, 1.5),
    errors.RateLimited(limit=50.0, headers=HEADERS, attempts=2),
    errors.PayloadError(["$.a: wrong", "$.b: wrong too"], "RQ2"),
    errors.PayloadError([]),
    errors.PaceError(0.5, 12.25),
    errors.StorageError("disk full"),
    errors.OutputLocked("lake", "process 7"),
    errors.ServerDown(1.5, 0.25),
    errors.ServerDown(1.5, 0.25, "connection refused"),
    errors.UntrustedCertificate("self-signed certificate"),
    errors.PayloadError(["$.worker_sid: other"], "RQ2", for_other_query=True),
]
BUILT_IN = {
    errors.InvalidSid: ValueError,
    errors.InvalidWindow: ValueError,
    errors.InvalidParameter: ValueError,
    errors.ConfigError: ValueError,
    errors.MissingExtra: ImportError,
    errors.SessionMisuse: RuntimeError,
    errors.SessionClosed: RuntimeError,
    errors.TimedOut: TimeoutError,
}
FAMILIES = {
    errors.UsageError: {
        "InvalidSid",
        "InvalidWindow",
        "InvalidParameter",
        "ConfigError",
        "MissingExtra",
        "SessionMisuse",
        "SessionClosed",
    },
    errors.TransportError: {"ConnectionFailed", "UntrustedCertificate", "ServerDown", "TimedOut"},
    errors.ApiError: {
        "BadRequest",
        "Unauthorized",
        "Forbidden",
        "NotFound",
        "ServerError",
        "RateLimited",
    },
    errors.PayloadError: set(),
    errors.PaceError: set(),
    errors.StorageError: {"OutputLocked"},
}
each_sample = pytest.mark.parametrize("error", SAMPLES, ids=lambda error: type(error).__name__)


def classes():
    """Return every class that the module exports."""
    return [getattr(errors, name) for name in errors.__all__]


def test_every_exported_name_is_an_error_of_the_tree():
    """All exported names are exceptions below the root, sorted."""
    assert sorted(errors.__all__) == errors.__all__
    assert all(issubclass(cls, errors.TaskRouterStatsError) for cls in classes())


def test_every_error_class_is_exported():
    """Every exception class of the module is exported."""
    defined = {name for name, value in vars(errors).items() if inspect.isclass(value)}
    assert set(errors.__all__) == {name for name in defined if name[0] != "_"} - {
        "Mapping",
        "Sequence",
    }


def test_every_error_class_has_a_sample_here():
    """Every class of the tree has a sample in this file."""
    assert {type(error) for error in SAMPLES} == set(classes())


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.__name__)
def test_families_have_the_documented_members(family):
    """Each family has exactly the documented members."""
    members = {cls.__name__ for cls in classes() if issubclass(cls, family) and cls is not family}
    assert members == FAMILIES[family]


def test_families_do_not_overlap():
    """Every error except the root belongs to exactly one family."""
    for cls in set(classes()) - {errors.TaskRouterStatsError}:
        assert sum(issubclass(cls, family) for family in FAMILIES) == 1, cls


@pytest.mark.parametrize(("cls", "base"), BUILT_IN.items())
def test_built_in_bases_catch_our_errors(cls, base):
    """An ``except`` for Python's kind of error catches ours of that kind."""
    assert issubclass(cls, base)


@each_sample
@pytest.mark.parametrize("travel", [lambda e: pickle.loads(pickle.dumps(e)), copy.copy])
def test_errors_pickle(error, travel):
    """A pickled or copied error keeps its class, text, arguments and attributes."""
    arrived = travel(error)
    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert arrived.args == error.args
    assert vars(arrived) == vars(error)


@each_sample
def test_errors_pickle_with_changed_attributes(error):
    """A changed attribute is pickled as well."""
    error = pickle.loads(pickle.dumps(error))  # where Dask is installed, copies share attributes
    error.attempts = 7
    assert pickle.loads(pickle.dumps(error)).attempts == 7


@each_sample
def test_errors_have_a_text_of_one_line(error):
    """The text of an error is one line, not a tuple of arguments."""
    text = str(error)
    assert text
    assert "\n" not in text
    assert not text.startswith("(")


@pytest.mark.parametrize(
    ("error", "parts"),
    [
        (SAMPLES[2], ["worker_sid", "'nonsense'", "WK", "32"]),
        (SAMPLES[5], ["page_size=0", "1 to 1000"]),
        (SAMPLES[7], ["the command line", 'pip install "taskrouter-stats[cli]"']),
        (SAMPLES[12], ["30 s", "timeout="]),
        (SAMPLES[14], ["503", "20503", "The server said so", "3 attempts", "RQ1"]),
        (errors.Unauthorized(401), ["401", "secret", "region"]),
        (SAMPLES[23], ["$.a: wrong", "$.b: wrong too", "RQ2"]),
        (SAMPLES[25], ["max_wait=0.5", "12.2"]),
    ],
)
def test_texts_name_the_mistake(error, parts):
    """The text names the place, the value, the rule and what to do."""
    assert [part for part in parts if part not in str(error)] == []


@pytest.mark.parametrize(
    "cls", [cls for cls in classes() if issubclass(cls, errors.ApiError)], ids=lambda c: c.__name__
)
def test_api_errors_end_with_a_hint(cls):
    """Each API error ends with a hint, and each class has a different one."""
    assert str(cls(499)).endswith(f"({cls.hint})")
    assert cls is errors.ApiError or cls.hint != errors.ApiError.hint


def test_an_api_error_without_details_shows_no_none():
    """An API error with only a status shows no None."""
    assert "None" not in str(errors.ApiError(404))


def test_api_errors_have_attributes():
    """Every argument of an API error is an attribute of that name."""
    error = errors.RateLimited(*API, 50.0, 2.0, 1.5)
    names = ("status", "code", "message", "more_info", "request_id", "headers", "attempts")
    assert tuple(getattr(error, name) for name in names) == API
    assert (error.limit, error.remaining, error.retry_after) == (50.0, 2.0, 1.5)


def test_api_errors_copy_their_headers():
    """Headers of any mapping type become a separate dict that pickles."""
    given = {"date": "today"}
    error = errors.NotFound(404, headers=MappingProxyType(given))
    given["date"] = "tomorrow"
    assert type(error.headers) is dict
    assert pickle.loads(pickle.dumps(error)).headers == {"date": "today"}


def test_payload_errors_copy_their_problems():
    """The problems of a payload error are a tuple, for any given sequence."""
    given = ["$.a: wrong"]
    error = errors.PayloadError(given)
    given.append("$.b: wrong")
    assert error.problems == ("$.a: wrong",)
    assert error.request_id is None


def test_classes_do_not_decide_retries():
    """No error class has an attribute that says whether to retry."""
    words = ("retryable", "transient", "should_retry", "is_retryable")
    assert not [cls for cls in classes() for word in words if hasattr(cls, word)]


def test_a_pickled_error_keeps_on_reused_connection():
    """A pickled error keeps ``on_reused_connection``."""
    error = errors.ConnectionFailed("reset")
    assert error.on_reused_connection is False
    error.on_reused_connection = True
    assert pickle.loads(pickle.dumps(error)).on_reused_connection is True


def test_server_down_names_the_last_failure():
    """The message names the cause if it is known."""
    assert "(last failure: refused)" in str(errors.ServerDown(1.5, 0.25, "refused"))
    assert "None" not in str(errors.ServerDown(1.5, 0.25))


def named_extras():
    """Return every extra that a ``MissingExtra`` of the package names, with its file."""
    for path in sorted((ROOT / "taskrouter_stats").rglob("*.py")):
        text = path.read_text("utf-8")
        for node in ast.walk(ast.parse(text)) if "MissingExtra" in text else ():
            if isinstance(node, ast.Call) and ast.unparse(node.func).endswith("MissingExtra"):
                yield path.name, ast.literal_eval(node.args[1])


def test_a_missing_extra_can_be_installed():
    """Each extra that an error names is in pyproject.toml, and each feature's extra is named."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    named = {extra for _, extra in named_extras()}
    assert named <= set(project["optional-dependencies"])
    assert named == {"cli", "dask", "dlt", "opentelemetry", "parquet", "prometheus", "redis"}
    line = str(errors.MissingExtra("x", "dlt"))
    assert line.endswith(f'pip install "{project["name"]}[dlt]"')
