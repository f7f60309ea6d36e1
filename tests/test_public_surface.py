"""Tests of the names that callers import."""

import ast
import importlib
import importlib.metadata
import inspect
import re
import tomllib
from pathlib import Path

import pytest

import taskrouter_stats
from taskrouter_stats import core, errors, events, models, queries, session

PACKAGE = Path(taskrouter_stats.__file__).parent
ROOT = PACKAGE.parent
SURFACE = [
    "BudgetSnapshot",
    "CachePolicy",
    "Credentials",
    "Failure",
    "Items",
    "Listing",
    "Meta",
    "Outcome",
    "OutcomeStream",
    "Progress",
    "Query",
    "RateLimit",
    "RetryPolicy",
    "SessionOptions",
    "Success",
    "TaskRouterSession",
    "Window",
    "__version__",
    "errors",
    "events",
    "models",
    "queries",
]
CALLS = {
    "fetch": ["query", "max_wait", "priority", "cache_ttl"],
    "fetch_with_meta": ["query", "max_wait", "priority", "cache_ttl"],
    "iterate": ["listing"],
    "stream": ["queries", "ordered"],
    "collect": ["queries"],
    "stream_worker_statistics": ["workspace_sid", "window", "task_channel", "workers"],
    "live_workers": ["workspace_sid", "workers"],
    "budgets": [],
    "aclose": [],
}
OPTIONS = {
    "base_url": None,
    "region": None,
    "edge": None,
    "max_in_flight": 100,
    "timeout": 30.0,
    "max_wait": None,
    "retry": taskrouter_stats.RetryPolicy(),
    "pace_limit": None,
    "headroom": 0.0,
    "reserve": 0.0,
    "cache_ttl": None,
    "hooks": (),
    "pacer": None,
    "proxy": None,
    "trust_env": False,
    "allow_http": False,
    "http": None,
}


def test_the_package_exports_these_names():
    """The package exports exactly these names."""
    assert taskrouter_stats.__all__ == SURFACE


def test_each_name_is_what_type_checkers_take_it_for():
    """A name that is imported at its first use is the one that ``TYPE_CHECKING`` names."""
    source = ast.parse(Path(taskrouter_stats.__file__).read_text("utf-8"))
    named = {
        alias.name: node.module
        for node in ast.walk(source)
        if isinstance(node, ast.ImportFrom) and node.module.startswith("taskrouter_stats")
        for alias in node.names
    }
    assert sorted(named) == sorted(SURFACE)
    for name, module in named.items():
        home = importlib.import_module(module)
        assert getattr(taskrouter_stats, name) is getattr(home, name)


def test_an_unknown_name_is_an_attribute_error():
    """A name that the package lacks raises what Python raises for each module."""
    with pytest.raises(AttributeError, match="no attribute 'Sucess'"):
        _ = taskrouter_stats.Sucess


@pytest.mark.parametrize("module", [taskrouter_stats, errors, events, models, queries, session])
def test_names_are_unique_and_real(module):
    """Every ``__all__`` has each name once, and each name exists."""
    assert sorted(module.__all__) == sorted(set(module.__all__))
    assert [name for name in module.__all__ if not hasattr(module, name)] == []


def test_the_package_has_no_other_public_name():
    """The other public names of the package are its folders, and the word for type checkers."""
    others = {name for name in vars(taskrouter_stats) if name[0] != "_"} - set(SURFACE)
    rooms = {path.stem for path in PACKAGE.iterdir()}
    assert others - rooms == {"TYPE_CHECKING"}


@pytest.mark.parametrize("name", [name for name in SURFACE if name[0].isupper()])
def test_every_public_class_is_documented(name):
    """Each public class has a docstring."""
    value = getattr(taskrouter_stats, name)
    assert not inspect.isclass(value) or inspect.getdoc(value)


@pytest.mark.parametrize("call", CALLS)
def test_the_sessions_methods_have_these_arguments(call):
    """A method of the session takes these arguments and has a docstring."""
    method = getattr(taskrouter_stats.TaskRouterSession, call)
    assert list(inspect.signature(method).parameters)[1:] == CALLS[call]
    assert inspect.getdoc(method)


def test_the_session_has_these_options():
    """A session takes these options by name, with these defaults."""
    parameters = inspect.signature(taskrouter_stats.TaskRouterSession).parameters
    options = {name: p.default for name, p in parameters.items() if name != "credentials"}
    assert options == OPTIONS
    assert {parameters[name].kind for name in options} == {inspect.Parameter.KEYWORD_ONLY}


def test_the_options_type_has_every_option():
    """``SessionOptions`` has the session's options."""
    assert taskrouter_stats.SessionOptions.__annotations__.keys() == OPTIONS.keys()
    assert taskrouter_stats.SessionOptions.__required_keys__ == frozenset()


def test_queries_of_this_release():
    """The two operations of the main job have constructors."""
    assert {"worker_statistics", "workers"} <= set(queries.__all__)


def test_models_of_this_release():
    """The main records and the two functions to plain data are exported."""
    expected = {"Worker", "WorkerStatistics", "WorkerCumulative", "ActivityDuration"}
    assert expected | {"to_dict", "to_json"} <= set(models.__all__)


def test_core_exports_nothing():
    """The core folder exports nothing: callers import from the package."""
    assert not hasattr(core, "__all__")


def test_the_package_has_type_information():
    """The package contains the marker file for type checkers."""
    assert (PACKAGE / "py.typed").read_bytes() == b""


def test_the_version_has_one_place():
    """Only one file contains the version."""
    version = taskrouter_stats.__version__
    assert re.fullmatch(r"\d+\.\d+\.\d+((a|b|rc)\d+|\.dev\d+)?", version)
    places = [path for path in PACKAGE.rglob("*.py") if f'"{version}"' in path.read_text("utf-8")]
    assert places == [PACKAGE / "_version.py"]


def test_the_build_reads_the_version():
    """The project file takes the version from that file."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    assert "version" not in project["project"]
    assert project["project"]["dynamic"] == ["version"]
    assert project["tool"]["hatch"]["version"]["path"] == "taskrouter_stats/_version.py"


def test_the_installed_version_is_the_packages():
    """The installed version is the version of the package."""
    try:
        installed = importlib.metadata.version("taskrouter-stats")
    except importlib.metadata.PackageNotFoundError:
        pytest.skip("the package is imported from its folder and not installed")
    assert installed == taskrouter_stats.__version__


def test_dependencies_are_the_five():
    """The package depends on five libraries, and on tzdata on Windows."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = [re.match(r"[\w-]+", text)[0] for text in project["dependencies"]]
    assert names == ["aiohttp", "attrs", "cattrs", "orjson", "tenacity", "tzdata"]
    assert project["dependencies"][-1].endswith("sys_platform == 'win32'")
