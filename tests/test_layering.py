"""Tests of imports between folders: they point down, and I/O is in few files.

Imports are read from the source, so those under ``TYPE_CHECKING`` and inside functions count too.
"""

import ast
import subprocess
import sys
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

import taskrouter_stats

PACKAGE = Path(taskrouter_stats.__file__).parent
NAME = PACKAGE.name
FLOOR = {"errors", "_version"}
BELOW = {
    "errors": set(),
    "_version": set(),
    "models": set(),
    "core": {"models"},
    "session": {"core", "models"},
    "observe": {"core.events"},
    "simulator": {"models", "core.endpoints"},
    "etl": {"session", "core", "models"},
    "fleet": {"etl", "session", "core", "models"},
    "web": {"etl", "session", "core", "models"},
    "cli": {"", "models", "core", "session", "simulator", "etl", "observe", "fleet", "web"},
    "__main__": {"cli"},
    "": {"models", "core", "session"},
}
"""The folders and modules that each folder may import; "" is the package."""
CORE_DEPENDENCIES = {"aiohttp", "attrs", "attr", "cattrs", "orjson", "tenacity", "yarl"}
HOMES = {
    "tenacity": {"session.retrying"},
    "yarl": {"session.urls"},
    "cattrs": {"models.converter"},
}
"""Dependencies that only these files may import."""
IMPURE = {"asyncio", "time", "random", "secrets", "os", "socket", "threading", "aiohttp", "logging"}


def module_name(path):
    """Return a file's module name within the package: `core.window`, or "" for the package."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


SOURCES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
OUTSIDE_CLI = [name for name in SOURCES if name.split(".")[0] != "cli"]


@cache
def tree(name):
    """Return the syntax tree of a module."""
    return ast.parse(SOURCES[name].read_text("utf-8"))


def imported(name, nodes):
    """Yield every module that these nodes import; ours without the package's name."""
    package = [NAME, *name.split(".")] if name else [NAME]
    if SOURCES[name].name != "__init__.py":
        package = package[:-1]
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *filter(None, [node.module])])
            for alias in node.names:
                full = f"{base}.{alias.name}"
                ours = full.removeprefix(f"{NAME}.")
                yield full if base.split(".")[0] != NAME or ours in SOURCES else base


@cache
def imports(name):
    """Return every module that a module imports, anywhere in its file."""
    return set(imported(name, ast.walk(tree(name))))


def inner(name):
    """Return the modules of this package that a module imports, without the package's name."""
    found = {module for module in imports(name) if module.split(".")[0] == NAME}
    return {module.removeprefix(NAME).removeprefix(".") for module in found}


def outer(name):
    """Return the modules from elsewhere that a module imports."""
    return {module for module in imports(name) if module.split(".")[0] != NAME}


def room(name):
    """Return the room that a module stands in."""
    return name.split(".")[0]


def under(module, places):
    """Return whether a module is one of these places or inside one."""
    return any(module == place or module.startswith(f"{place}.") for place in places)


def modules(*rooms):
    """Return the names of all modules in these rooms."""
    return [name for name in SOURCES if room(name) in rooms]


def broken(names, violations):
    """Return the violations of a rule by module, for the modules that have any."""
    found = {name: violations(name) for name in names}
    return {name: wrong for name, wrong in found.items() if wrong}


def test_every_module_is_in_a_known_folder():
    """Every module is in a folder of the design, and every such folder has a module."""
    assert {room(name) for name in SOURCES} == BELOW.keys()


def test_imports_point_down():
    """A module imports only from its folder and the folders below it, types included."""

    def upward(name):
        allowed = BELOW[room(name)] | FLOOR
        others = {module for module in inner(name) if room(module) != room(name)}
        return {module for module in others if not under(module, allowed)}

    assert broken(SOURCES, upward) == {}


def test_imports_have_no_circle():
    """The imports of the package have no circle."""
    try:
        order = list(TopologicalSorter({name: inner(name) for name in SOURCES}).static_order())
    except CycleError as error:
        pytest.fail(f"a circle of imports: {' → '.join(error.args[1])}")
    assert set(SOURCES) <= set(order)


def test_only_core_dependencies_at_import():
    """Outside cli, optional dependencies are imported inside functions only."""
    allowed = CORE_DEPENDENCIES | sys.stdlib_module_names | {NAME}

    def optional(name):
        nodes = [node for node in ast.walk(tree(name)) if isinstance(node, ast.stmt)]
        inside = {
            id(node)
            for function in nodes
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef)
            for node in ast.walk(function)
        }
        found = imported(name, [node for node in nodes if id(node) not in inside])
        return {module for module in found if module.split(".")[0] not in allowed}

    assert broken(OUTSIDE_CLI, optional) == {}


def test_only_cli_imports_terminal_libraries():
    """Only cli imports libraries that draw on a terminal."""
    terminal = {"click", "rich", "argparse"}

    def drawing(name):
        return {module for module in outer(name) if module.split(".")[0] in terminal}

    assert broken(OUTSIDE_CLI, drawing) == {}


@pytest.mark.parametrize("dependency", HOMES)
def test_dependencies_have_one_home(dependency):
    """Each of these dependencies is imported by these files only."""
    users = {name for name in SOURCES if any(m.split(".")[0] == dependency for m in outer(name))}
    assert users == HOMES[dependency]


def test_aiohttps_client_has_one_home():
    """One file imports aiohttp's client; servers import only aiohttp's server."""
    users = {
        name: {module for module in outer(name) if module.split(".")[0] == "aiohttp"}
        for name in SOURCES
    }
    users = {name: used for name, used in users.items() if used}
    servers = {"simulator", "web"}
    client = {name for name in users if room(name) not in servers}
    server = {m for name, used in users.items() if name not in client for m in used}
    assert client == {"session.transport"}
    assert server <= {"aiohttp.web", "aiohttp.hdrs"}


def test_the_simulators_world_has_no_http_and_no_json():
    """The world computes plain values; the server alone speaks HTTP and shapes JSON."""

    def wrong(name):
        found = {module for module in imports(name) if under(module, {"aiohttp", "orjson", "json"})}
        return found | {module for module in inner(name) if under(module, {"simulator.server"})}

    world = [name for name in SOURCES if under(name, {"simulator.world"})]
    assert world
    assert broken(world, wrong) == {}


def test_core_and_models_import_nothing_impure():
    """Core and models import no event loop, clock, randomness, file or socket."""

    def impure(name):
        allowed = {"os"} if name == "models.credentials" else set()
        return {module for module in outer(name) if module.split(".")[0] in IMPURE - allowed}

    assert broken(modules("core", "models"), impure) == {}


def test_core_and_models_call_no_clock_and_no_io():
    """Core and models call no clock, ``open`` or ``print``, and define no coroutine."""
    clocks = {"now", "utcnow", "today", "fromtimestamp", "monotonic", "perf_counter"}
    waits = (ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.Await)

    def impure(name):
        module = tree(name)
        used = {node.attr for node in ast.walk(module) if isinstance(node, ast.Attribute)}
        used |= {node.id for node in ast.walk(module) if isinstance(node, ast.Name)}
        called = {
            node.func.id
            for node in ast.walk(module)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        found = used & (clocks - {"now"})
        found |= {"datetime", "date"} & receivers(module, clocks)
        found |= called & {"open", "print", "input"}
        return found | {type(node).__name__ for node in ast.walk(module) if isinstance(node, waits)}

    assert broken(modules("core", "models"), impure) == {}


def receivers(module, attributes):
    """Return the names before such an attribute: ``datetime`` of ``datetime.now``."""
    return {
        node.value.id
        for node in ast.walk(module)
        if isinstance(node, ast.Attribute)
        and node.attr in attributes
        and isinstance(node.value, ast.Name)
    }


def test_the_simulator_shares_no_decision():
    """The simulator imports no throttle and no session, so both sides cannot share a bug."""
    forbidden = ["session", "core.throttle", "core.rate_limit", "core.retry", "core.request"]
    reached, todo = set(), modules("simulator")
    while todo:
        name = todo.pop()
        if name not in reached:
            reached.add(name)
            todo += inner(name) & SOURCES.keys()
    assert {name for name in reached if under(name, forbidden)} == set()


def test_import_is_light():
    """Importing the session loads no extra, test tool, server, command line or class of events."""
    heavy = (
        "click rich redis dask pandas pyarrow dlt pytest hypothesis aiohttp.web opentelemetry "
        "prometheus_client"
    )
    rooms = [f"{NAME}.{room}" for room in ("simulator", "cli", "etl", "observe", "fleet", "web")]
    rooms += [f"{NAME}.core.events"]
    names = {*heavy.split(), *rooms}
    code = f"import sys; from {NAME} import TaskRouterSession; print(*({names} & {{*sys.modules}}))"
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    assert run.stdout.split() == []
