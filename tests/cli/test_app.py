"""The command group: help, version and wrong commands."""

import re
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from taskrouter_stats import __version__
from taskrouter_stats.cli.app import commands, run

COMMANDS = commands.list_commands(click.Context(commands))


@pytest.mark.parametrize(
    "command", [[], ["demo"], ["doctor"], ["fetch"], ["plan"], ["poll"], ["report"], ["simulate"]]
)
def test_help_has_examples(command):
    """Each help text contains complete commands."""
    result = CliRunner().invoke(commands, [*command, "--help"])
    assert result.exit_code == 0
    assert f"  taskrouter-stats {' '.join(command)}" in result.output


@pytest.mark.parametrize("command", [[], ["doctor"], ["fetch"], ["plan"], ["poll"]])
def test_help_lists_the_exit_codes(command):
    """The help of each command that sends requests lists all exit codes."""
    output = CliRunner().invoke(commands, [*command, "--help"]).output
    for code in (0, 1, 2, 3, 4, 5, 75, 130, 141):
        assert f"\n    {code:<5}" in output


def test_no_line_of_help_is_wider_than_a_terminal():
    """Each help text fits into 80 columns."""
    for command in (
        [],
        ["demo"],
        ["doctor"],
        ["fetch"],
        ["plan"],
        ["poll"],
        ["report"],
        ["simulate"],
    ):
        output = CliRunner().invoke(commands, [*command, "--help"], terminal_width=80).output
        assert [line for line in output.splitlines() if len(line) > 80] == []
        assert "\b" not in output


def test_help_imports_no_http_client():
    """The list of commands is written without a command, aiohttp or a console of rich."""
    program = (
        "import sys; from taskrouter_stats.cli.app import run; run(['--help'])\n"
        "sys.exit(' '.join({'aiohttp', 'asyncio', 'attrs', 'rich.console'} & {*sys.modules}) or 0)"
    )
    process = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    assert (process.returncode, process.stderr) == (0, b"")
    assert b"simulate" in process.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_is_listed_by_what_it_does(command):
    """The list's sentence about a command begins as the command's own help does."""
    ctx = click.Context(commands)
    own = commands.get_command(ctx, command).help.split()
    listed = re.search(rf"^  {command} +(.+)$", commands.get_help(ctx), re.MULTILINE)[1].split()
    assert listed[:2] == own[:2]


def test_the_version_is_that_of_the_package(capsys):
    """``--version`` prints ``taskrouter_stats.__version__``."""
    assert run(["--version"]) == 0
    assert __version__ in capsys.readouterr().out


def test_an_unknown_command_is_2(capsys):
    """The message of click is on stderr."""
    assert run(["feth"]) == 2
    assert "No such command" in capsys.readouterr().err


def test_without_a_command_help_is_printed(capsys):
    """A call without a command runs nothing and is exit code 2."""
    assert run([]) == 2
    assert "Usage:" in capsys.readouterr().err
