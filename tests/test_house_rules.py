"""Tests of the repository's rules: small files, small functions, one sentence per test."""

import ast
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from attrs import frozen

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


@frozen
class Facts:
    """What the rules ask of a file.

    Attributes:
        lengths: The lines of each function, docstring left out.
        docstrings: The docstring of each function, or "".
        scopes: The names of the functions of the module and of each class.
        sleeps: The lines that call ``time.sleep``.
    """

    lengths: dict[str, int]
    docstrings: dict[str, str]
    scopes: list[list[str]]
    sleeps: list[int]


@cache
def facts(path):
    """Return the facts of a file, methods and nested functions included."""
    tree = ast.parse(path.read_text("utf-8"))
    nodes = list(ast.walk(tree))
    functions = [node for node in nodes if isinstance(node, FUNCTION)]
    scopes = [tree, *(node for node in nodes if isinstance(node, ast.ClassDef))]
    return Facts(
        {f.name: length(f) for f in sorted(functions, key=length)},  # of a name the longest
        {f.name: ast.get_docstring(f) or "" for f in functions},
        [[node.name for node in scope.body if isinstance(node, FUNCTION)] for scope in scopes],
        [node.lineno for node in nodes if isinstance(node, ast.Call) and sleeps(node.func)],
    )


def sleeps(function):
    """Return whether an expression is ``time.sleep``."""
    match function:
        case ast.Attribute(ast.Name("time"), "sleep"):
            return True
    return False


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


def broken(paths, violations):
    """Return the violations of a rule by file, for the files that have any."""
    found = {named(path): violations(path) for path in paths}
    return {name: wrong for name, wrong in found.items() if wrong}


def test_files_are_small():
    """A file has fewer than 350 lines."""
    lengths = {named(path): len(path.read_text("utf-8").splitlines()) for path in SOURCES}
    assert {name: lines for name, lines in lengths.items() if lines >= LINES_OF_A_FILE} == {}


def test_functions_are_small():
    """A function has fewer than 40 lines, docstring left out."""

    def long(path):
        lengths = facts(path).lengths.items()
        return {name: lines for name, lines in lengths if lines >= LINES_OF_A_FUNCTION}

    assert broken(SOURCES, long) == {}


def test_files_have_meaningful_names():
    """No file has a name without meaning, such as utils."""
    vague = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert [named(path) for path in SOURCES if path.stem in vague] == []


def test_every_test_has_a_docstring_of_one_sentence():
    """A test's docstring is one sentence, from a capital letter to a full stop."""

    def wrong(path):
        docstrings = facts(path).docstrings.items()
        tests = {name: doc for name, doc in docstrings if name.startswith("test_")}
        return {
            name: doc
            for name, doc in tests.items()
            if sentences(doc) != 1 or doc[-1] not in ".!?" or not re.match(r"[A-Z0-9`\"*]", doc)
        }

    assert broken(TESTS, wrong) == {}


def test_tests_of_a_file_have_different_names():
    """No two functions of a test file's scope have the same name."""

    def repeated(path):
        scopes = facts(path).scopes
        return [name for scope in scopes for name in set(scope) if scope.count(name) > 1]

    assert broken(TESTS, repeated) == {}


def test_no_test_sleeps():
    """No test sleeps with ``time.sleep``."""
    assert broken(TESTS, lambda path: facts(path).sleeps) == {}


PROMISES = {
    "cli": {"main", "secrets", "wrong_calls", "wrong_places"},
    "etl": {"completeness", "wrong_calls"},
    "session": {"cancellation", "cancellation_sockets", "deadlines", "wrong_calls"}
    | {"secrets", "secrets_arguments"},
}
"""Test files that hold a whole folder to a promise instead of mirroring one of its files."""


def test_tests_mirror_the_sources():
    """A test file is named after a source file of the same folder, or after one and a topic."""
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


def test_facts_of_a_file(tmp_path):
    """Lengths, docstrings, repeated names and sleeps of a file are found at every depth."""
    path = tmp_path / "file.py"
    path.write_text(
        "import time\n\n"
        "class C:\n"
        "    async def f(self):\n"
        '        """A.\n\n        B.\n        """\n'
        "        def g():\n"
        "            time.sleep(1)\n"
        "    def f(self): pass\n"
    )
    assert facts(path) == Facts({"f": 3, "g": 2}, {"f": "", "g": ""}, [[], ["f", "f"]], [10])


@pytest.mark.parametrize(
    ("text", "count"),
    [("One truth.", 1), ("Two. Truths.", 2), ("None", 0), ("Names.with.dots are one.", 1)],
)
def test_sentences_are_counted(text, count):
    """``sentences`` counts right."""
    assert sentences(text) == count
