"""Tests of the repository's rules: small files, small functions, one sentence per test."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
LINES_OF_A_FILE = 350
LINES_OF_A_FUNCTION = 40
TOP = {"pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "taskrouter_stats", "tests"} | {
    "examples"
}
SOURCES = sorted(
    path
    for folder in ("taskrouter_stats", "tests", "examples")
    for path in (ROOT / folder).rglob("*.py")
    if "__pycache__" not in path.parts
)
TESTS = [path for path in SOURCES if path.name.startswith("test_")]
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
REGISTRIES = re.compile(
    r"--(extra-)?index-url|\[\[tool\.uv\.index\]\]|registry\s*=\s*http|/simple/?[\"'\s]"
)
MACHINE_PATHS = re.compile(r"(?<![\w.:/}])/(home|Users|root|mnt|srv)/\w+|\b[C-Z]:\\\\?Users")


def named(path):
    """Return a path as the tests' reports show it."""
    return path.relative_to(ROOT).as_posix()


each_source = pytest.mark.parametrize("path", SOURCES, ids=named)
each_test_file = pytest.mark.parametrize("path", TESTS, ids=named)


def functions(path):
    """Return every function of a file, methods and nested ones included."""
    tree = ast.parse(path.read_text("utf-8"))
    return [node for node in ast.walk(tree) if isinstance(node, FUNCTION)]


def length(function):
    """Return how many lines a function has, decorators and docstring left out."""
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function) is not None:
        docstring = function.body[0]
        lines -= docstring.end_lineno - docstring.lineno + 1
    return lines


def sentences(text):
    """Return how many sentences a docstring has; a dot inside a word or name ends none."""
    return len(re.findall(r"[.!?](?=\s|$)", text))


@pytest.fixture(scope="module")
def tracked():
    """Return the files that git tracks or would add, or skip outside of a checkout."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: which files belong to the repository is unknown")
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return [ROOT / name for name in run.stdout.split("\0") if name and (ROOT / name).is_file()]


@each_source
def test_files_are_small(path):
    """A file has fewer than 350 lines."""
    assert len(path.read_text("utf-8").splitlines()) < LINES_OF_A_FILE


@each_source
def test_functions_are_small(path):
    """A function has fewer than 40 lines, docstring left out."""
    long = {f.name: length(f) for f in functions(path) if length(f) >= LINES_OF_A_FUNCTION}
    assert long == {}


@each_source
def test_files_have_meaningful_names(path):
    """No file has a name without meaning, such as utils."""
    assert path.stem not in {"utils", "util", "helpers", "helper", "common", "misc"}


@each_test_file
def test_every_test_has_a_docstring_of_one_sentence(path):
    """A test's docstring is one sentence, from a capital letter to a full stop."""
    tests = [f for f in functions(path) if f.name.startswith("test_")]
    docs = {f.name: ast.get_docstring(f) or "" for f in tests}
    assert {n: t for n, t in docs.items() if sentences(t) != 1 or t[-1] not in ".!?"} == {}
    assert {name: text for name, text in docs.items() if not re.match(r"[A-Z0-9`\"*]", text)} == {}


@each_test_file
def test_tests_of_a_file_have_different_names(path):
    """No two tests of a file have the same name."""
    tree = ast.parse(path.read_text("utf-8"))
    scopes = [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]
    for scope in scopes:
        names = [node.name for node in scope.body if isinstance(node, FUNCTION)]
        assert sorted(names) == sorted(set(names))


@each_test_file
def test_no_test_sleeps(path):
    """No test sleeps with ``time.sleep``."""
    tree = ast.parse(path.read_text("utf-8"))
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    sleeps = [c for c in calls if isinstance(c.func, ast.Attribute) and c.func.attr == "sleep"]
    timed = [c for c in sleeps if isinstance(c.func.value, ast.Name) and c.func.value.id == "time"]
    assert timed == []


PROMISES = {
    "cli": {"main", "secrets", "wrong_calls", "wrong_places"},
    "etl": {"completeness", "wrong_calls"},
    "session": {"cancellation", "cancellation_sockets", "deadlines", "wrong_calls"}
    | {"secrets", "secrets_arguments"},
}
"""Test files that hold a whole folder to a promise instead of mirroring one of its files."""


def test_tests_mirror_the_sources():
    """A test file is named for a source file of the same folder, or for a part of what it does."""
    package = ROOT / "taskrouter_stats"
    folders = [path for path in package.rglob("*") if path.is_dir() and path.name != "__pycache__"]
    strays = set()
    for folder in folders:
        name = folder.relative_to(package).as_posix()
        sources = {path.stem for path in folder.iterdir()} | PROMISES.get(name, set())
        tests = [path for path in TESTS if path.parent == ROOT / "tests" / name]
        names = {path: path.stem.removeprefix("test_") for path in tests}
        strays |= {
            named(path)
            for path, stem in names.items()
            if not any(stem == source or stem.startswith(f"{source}_") for source in sources)
        }
    assert strays == set()


def test_the_top_level_is_fixed(tracked):
    """The top of the repository holds dotfiles and the fixed entries only."""
    top = {path.relative_to(ROOT).parts[0] for path in tracked}
    assert {name for name in top if not name.startswith(".")} <= TOP


def test_no_lock_file(tracked):
    """The repository has no lock file."""
    locks = {"uv.lock", "poetry.lock", "Pipfile.lock", "pdm.lock", "package-lock.json"}
    assert [named(path) for path in tracked if path.name in locks] == []


def test_no_machine_path_is_tracked(tracked):
    """No tracked file contains a path of a machine."""
    here = {str(ROOT), sys.prefix, str(Path.home())} - {"/", "/usr", "/usr/local", "/root"}
    found = {
        named(path): match
        for path in tracked
        if path != Path(__file__).resolve()
        for text in [path.read_text("utf-8", "replace")]
        for match in [*MACHINE_PATHS.findall(text), *(place for place in here if place in text)]
    }
    assert found == {}


def test_no_registry_address_is_tracked(tracked):
    """No tracked file contains the address of a package registry."""
    found = [
        named(path)
        for path in tracked
        if path != Path(__file__).resolve()
        and REGISTRIES.search(path.read_text("utf-8", "replace"))
    ]
    assert found == []


def test_text_files_are_tidy(tracked):
    """Text files end with a line end and have no carriage returns."""
    texts = [path for path in tracked if path.suffix in {".py", ".md", ".toml"}]
    for path in texts:
        content = path.read_bytes()
        assert b"\r" not in content, named(path)
        assert not content or content.endswith(b"\n"), named(path)


@pytest.mark.parametrize(
    ("text", "count"),
    [("One truth.", 1), ("Two. Truths.", 2), ("None", 0), ("Names.with.dots are one.", 1)],
)
def test_sentences_are_counted(text, count):
    """``sentences`` counts right."""
    assert sentences(text) == count
