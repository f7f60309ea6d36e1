"""Settings of pytest and Hypothesis for every test."""

import gc
import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # a process compiles the package once, not each

settings.register_profile(
    "house",
    deadline=None,  # machines differ in speed; benchmarks measure time
    max_examples=60,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("few", settings.get_profile("house"), max_examples=15)
settings.load_profile("house")


MOST_PROCESSES = 8
"""Processes beyond one for each core: each takes up to 300 MB."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers():
    """Return two processes for each core: half of the time a test waits, for sockets or timers."""
    if "PYTEST_XDIST_AUTO_NUM_WORKERS" in os.environ:
        return None  # pytest-xdist reads it
    cores = os.cpu_count() or 1
    return max(cores, min(2 * cores, MOST_PROCESSES))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes():
    """Start the server of preloaded programs, which the processes of pytest-xdist share."""
    from tests.support import preloaded  # noqa: PLC0415 (only this process needs it)

    preloaded.share()


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """Run the whole suite in several processes, and chosen tests in one process.

    ``-n`` overrules it. pytest-xdist calls this hook in its own processes too: they start none.
    """
    option = config.option
    whole = any(Path(__file__).is_relative_to(Path(path).resolve()) for path in config.args)
    if (
        whole
        and config.pluginmanager.hasplugin("xdist")
        and not hasattr(config, "workerinput")
        and (option.numprocesses, option.tx, option.dist) == (None, [], "no")
        and not (option.capture == "no" or option.trace or option.collectonly)
    ):
        option.numprocesses, option.dist = "auto", "worksteal"


def pytest_collection_modifyitems(items):
    """Refuse a test whose name differs from process to process, since it holds an address."""
    if wrong := [item.nodeid for item in items if re.search(r"0x[0-9a-f]{6}", item.name)]:
        raise pytest.UsageError(f"the ids of these tests hold addresses: {wrong}")


@pytest.hookimpl(wrapper=True)
def pytest_collection():
    """Collect no garbage while modules are imported, which makes hardly any."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


@pytest.fixture(scope="module", autouse=True)
def only_new_garbage():
    """Collect the garbage of earlier modules, and let this module's collections pass over the rest.

    A test's full collection, of which there are thousands, would else look at every import.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture
def here(capfd, monkeypatch):
    """Run the command line in this process; return exit code, stdout and stderr."""
    from taskrouter_stats.cli.app import run  # noqa: PLC0415 (few tests need it)
    from tests.cli.processes import environment  # noqa: PLC0415 (as above)

    def call(arguments, env):
        with monkeypatch.context() as patch:
            for name in set(os.environ) - set(environment({})):
                patch.delenv(name)
            for name, value in env.items():
                patch.setenv(name, value)
            code = run(arguments)
        return code, *capfd.readouterr()

    return call


@pytest.fixture(scope="session")
def valkey(tmp_path_factory):
    """Return a running Valkey server of this process, which may hold what other tests stored."""
    from tests.support.redis_servers import (  # noqa: PLC0415 (few tests need it)
        GENERATIONS,
        find_server,
        redis_server,
    )

    if find_server("valkey") is None:
        pytest.skip(GENERATIONS["valkey"])
    with redis_server("valkey", tmp_path_factory.mktemp("valkey")) as server:
        yield server
