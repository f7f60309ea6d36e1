"""The command group: help, version, what a mistake looks like."""

import pytest
from click.testing import CliRunner

from taskrouter_stats import __version__
from taskrouter_stats.cli.app import commands, run


@pytest.mark.parametrize("command", [[], ["demo"], ["doctor"], ["fetch"], ["plan"], ["simulate"]])
def test_help_teaches_by_example(command):
    """Every help shows commands that can be typed as they are."""
    result = CliRunner().invoke(commands, [*command, "--help"])
    assert result.exit_code == 0
    assert f"  taskrouter-stats {' '.join(command)}" in result.output


@pytest.mark.parametrize("command", [[], ["doctor"], ["fetch"], ["plan"]])
def test_help_lists_the_exit_codes(command):
    """Where a script's author looks for them."""
    output = CliRunner().invoke(commands, [*command, "--help"]).output
    for code in (0, 1, 2, 3, 4, 5, 75, 130, 141):
        assert f"\n    {code:<5}" in output


def test_no_line_of_help_is_wider_than_a_terminal():
    """80 columns are enough for every help."""
    for command in ([], ["demo"], ["doctor"], ["fetch"], ["plan"], ["simulate"]):
        output = CliRunner().invoke(commands, [*command, "--help"], terminal_width=80).output
        assert [line for line in output.splitlines() if len(line) > 80] == []
        assert "\b" not in output


def test_the_version_is_the_packages(capsys):
    """One place says it."""
    assert run(["--version"]) == 0
    assert __version__ in capsys.readouterr().out


def test_an_unknown_command_is_2(capsys):
    """With click's own message on stderr."""
    assert run(["feth"]) == 2
    assert "No such command" in capsys.readouterr().err


def test_without_a_command_there_is_help(capsys):
    """Nothing is run by accident."""
    assert run([]) == 2
    assert "Usage:" in capsys.readouterr().err
