"""The number of processes in which the tests run."""

from types import SimpleNamespace

import pytest

from tests.conftest import pytest_cmdline_main, pytest_xdist_auto_num_workers

ROOT = "/".join(__file__.split("/")[:-2])


def chosen(*paths, installed=True, worker=None, **given):
    """Return the number of processes that the hook chooses for these paths and options."""
    options = {"numprocesses": None, "tx": [], "dist": "no", "capture": "fd"}
    options |= {"trace": False, "collectonly": False, **given}
    config = SimpleNamespace(
        args=list(paths),
        option=SimpleNamespace(**options),
        pluginmanager=SimpleNamespace(hasplugin=lambda name: installed and name == "xdist"),
        **({} if worker is None else {"workerinput": worker}),
    )
    pytest_cmdline_main(config)
    return config.option.numprocesses


@pytest.mark.parametrize("path", [ROOT, f"{ROOT}/tests", f"{ROOT}/tests/../tests"])
def test_the_whole_suite_runs_on_every_core(path):
    """The whole suite gets as many processes as the machine has cores."""
    assert chosen(path) == "auto"


def test_a_process_of_the_suite_starts_no_other():
    """A process that pytest-xdist started starts none, although it has the same arguments."""
    assert chosen(f"{ROOT}/tests", worker={"workerid": "gw0"}) is None


@pytest.mark.parametrize("path", [f"{ROOT}/tests/core", __file__, f"{__file__}::test_x"])
def test_chosen_tests_run_in_one_process(path):
    """Tests of a folder, of a file or of a name get no other process."""
    assert chosen(path) is None


@pytest.mark.parametrize(
    ("option", "processes"),
    [({"numprocesses": 0}, 0), ({"capture": "no"}, None), ({"trace": True}, None)],
)
def test_options_keep_their_meaning(option, processes):
    """The number after -n counts, and what shows or stops a test keeps it in this process."""
    assert chosen(f"{ROOT}/tests", **option) == processes


def test_without_the_plugin_the_suite_runs_in_one_process():
    """Without pytest-xdist, the suite runs in one process."""
    assert chosen(f"{ROOT}/tests", installed=False) is None


@pytest.mark.parametrize(
    ("cores", "processes"), [(None, 2), (1, 2), (2, 4), (4, 8), (6, 8), (16, 16)]
)
def test_waiting_tests_share_cores(monkeypatch, cores, processes):
    """Two processes share a core up to eight in all; more cores have one each."""
    monkeypatch.delenv("PYTEST_XDIST_AUTO_NUM_WORKERS", raising=False)
    monkeypatch.setattr("os.cpu_count", lambda: cores)
    assert pytest_xdist_auto_num_workers() == processes


def test_the_environments_number_counts(monkeypatch):
    """The variable of pytest-xdist overrules the number."""
    monkeypatch.setenv("PYTEST_XDIST_AUTO_NUM_WORKERS", "3")
    assert pytest_xdist_auto_num_workers() is None
