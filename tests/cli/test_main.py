"""``python -m taskrouter_stats`` and the console script."""

import asyncio
import sys
from importlib.metadata import entry_points

import pytest

from taskrouter_stats.__main__ import main


def test_the_console_script_is_main():
    """The installed command and the module call the same function."""
    (script,) = entry_points(group="console_scripts", name="taskrouter-stats")
    assert script.load() is main


async def test_the_module_runs(run_process):
    """``python -m taskrouter_stats`` is the command line."""
    ran = await run_process("--version", fresh=True)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("taskrouter-stats, version ")


@pytest.mark.parametrize("missing", ["click", "rich"])
async def test_without_the_extra_the_error_says_what_to_install(missing):
    """A missing library ends with exit code 2 and one line on stderr."""
    program = (
        f"import sys; sys.modules[{missing!r}] = None\n"
        "from taskrouter_stats.__main__ import main; main()"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", program, stdout=-1, stderr=-1
    )
    out, err = await process.communicate()
    assert (process.returncode, out) == (2, b"")
    assert err.decode().strip().endswith('pip install "taskrouter-stats[cli]"')
    assert len(err.splitlines()) == 1


def test_a_bug_on_import_is_not_hidden(monkeypatch, capsys):
    """Only a missing library of the extra is reported with the line that installs it."""
    monkeypatch.setattr(sys, "argv", ["taskrouter-stats", "fetch"])
    monkeypatch.setitem(sys.modules, "orjson", None)
    for name in ("fetch.command", "fetch.summary", "reporter", "fetch.run"):
        monkeypatch.delitem(sys.modules, f"taskrouter_stats.cli.{name}", raising=False)
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 1
    assert "a bug in taskrouter-stats" in (error := capsys.readouterr().err)
    assert "ModuleNotFoundError: import of orjson halted" in error
