"""Type checkers agree with the public surface, and find its misuse."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

SURFACE = Path(__file__).with_name("surface.py")
ROOT = SURFACE.parents[2]


def run(*command):
    """Run a checker on the surface file, from the top of the repository."""
    return subprocess.run(
        [sys.executable, "-m", *command, str(SURFACE)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def skip_without(checker):
    """Skip the test when that type checker is not installed."""
    if importlib.util.find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed: types are checked with the dev extra")


def test_mypy():
    """Strict mypy finds every type as asserted, and every marked line an error."""
    skip_without("mypy")
    done = run("mypy", "--strict", "--no-error-summary")
    assert (done.stdout, done.returncode) == ("", 0)


def test_pyright():
    """Strict pyright finds every type as asserted, and every marked line an error."""
    skip_without("pyright")
    done = run("pyright", "--outputjson", "--pythonversion", "3.11", "--pythonpath", sys.executable)
    report = re.search(r"^\{.*^\}", done.stdout, re.DOTALL | re.MULTILINE)
    if report is None:
        pytest.skip("pyright could not start: it fetches its own program on first use")
    told = json.loads(report[0])
    found = [(d["range"]["start"]["line"] + 1, d["message"]) for d in told["generalDiagnostics"]]
    assert (found, told["summary"]["filesAnalyzed"]) == ([], 1)
