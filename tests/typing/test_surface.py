"""Tests that type checkers accept the public surface and find its misuse."""

import importlib.util
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

SURFACE = Path(__file__).with_name("surface.py")
ROOT = SURFACE.parents[2]
README = ROOT / "README.md"


@pytest.fixture
def checked(tmp_path):
    """Return the surface file, and README's first example: both are callers' code."""
    example = re.search(
        r"^```python\n(.*?)^```$", README.read_text("utf-8"), re.DOTALL | re.MULTILINE
    )
    path = tmp_path / "example.py"
    path.write_text("# pyright: strict\n" + example[1], "utf-8")
    return SURFACE, path


def run(paths, *command):
    """Run a checker on files, from the top of the repository."""
    return subprocess.run(
        [sys.executable, "-m", *command, *map(str, paths)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )


def skip_without(checker):
    """Skip the test when that type checker is not installed."""
    if importlib.util.find_spec(checker) is None:
        pytest.skip(f"{checker} is not installed: types are checked with the dev extra")


def test_mypy_finds_the_asserted_types(checked):
    """Strict mypy finds every asserted type, an error in every marked line, and no other."""
    skip_without("mypy")
    done = run(checked, "mypy", "--strict", "--no-error-summary")
    assert (done.stdout, done.returncode) == ("", 0)


def test_pyright_finds_the_asserted_types(checked):
    """Strict pyright finds every asserted type, an error in every marked line, and no other."""
    skip_without("pyright")
    options = ("--outputjson", "--pythonversion", "3.11", "--pythonpath", sys.executable)
    done = run(checked, "pyright", *options)
    report = re.search(r"^\{.*^\}", done.stdout, re.DOTALL | re.MULTILINE)
    if report is None:
        pytest.skip("pyright could not start: it fetches its own program on first use")
    output = json.loads(report[0])
    found = [
        (Path(d["file"]).name, d["range"]["start"]["line"] + 1, d["message"])
        for d in output["generalDiagnostics"]
    ]
    assert (found, output["summary"]["filesAnalyzed"]) == ([], len(checked))
