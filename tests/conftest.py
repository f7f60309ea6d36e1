"""Settings of pytest and Hypothesis for every test."""

import os
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
settings.load_profile("house")


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config):
    """Run the whole suite on every processor core, and chosen tests in one process.

    ``-n`` overrules it, and so do ``-s``, which shows output as it comes, and ``--trace``.
    """
    option = config.option
    whole = any(Path(__file__).is_relative_to(Path(path).resolve()) for path in config.args)
    if (
        whole
        and config.pluginmanager.hasplugin("xdist")
        and (option.numprocesses, option.tx, option.capture) == (None, [], "fd")
        and not option.trace
    ):
        option.numprocesses, option.dist = "auto", "worksteal"


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
