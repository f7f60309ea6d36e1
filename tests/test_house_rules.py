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
MIRRORED = {"core", "models", "session", "simulator", "etl", "cli"}
WHOLE_FOLDER = {"cancellation", "deadlines", "secrets", "completeness", "wrong_calls"}
WHOLE_FOLDER |= {"wrong_places", "main"}
"""Topics of a whole folder, not of one file; ``main`` is of ``__main__.py``."""
FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef
REGISTRIES = re.compile(
    r"--(extra-)?index-url|\[\[tool\.uv\.index\]\]|registry\s*=\s*http|/simple/?[\"'\s]"
)
MACHINE_PATHS = re.compile(r"(?<![\w.:/}])/(home|Users|root|mnt|srv)/\w+|\b[C-Z]:\\\\?Users")


def named(path):
    """Return a path as the tests' reports show it."""
    return path.relative_to(ROOT).as_posix()


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
        return {f.name: length(f) for f in functions(path) if length(f) >= LINES_OF_A_FUNCTION}

    assert broken(SOURCES, long) == {}


def test_files_have_meaningful_names():
    """No file has a name without meaning, such as utils."""
    vague = {"utils", "util", "helpers", "helper", "common", "misc"}
    assert [named(path) for path in SOURCES if path.stem in vague] == []


def test_every_test_has_a_docstring_of_one_sentence():
    """A test's docstring is one sentence, from a capital letter to a full stop."""

    def wrong(path):
        docs = {f.name: ast.get_docstring(f) or "" for f in functions(path)}
        tests = {name: doc for name, doc in docs.items() if name.startswith("test_")}
        return {
            name: doc
            for name, doc in tests.items()
            if sentences(doc) != 1 or doc[-1] not in ".!?" or not re.match(r"[A-Z0-9`\"*]", doc)
        }

    assert broken(TESTS, wrong) == {}


def test_tests_of_a_file_have_different_names():
    """No two functions of a test file's scope have the same name."""

    def repeated(path):
        tree = ast.parse(path.read_text("utf-8"))
        scopes = [tree, *(node for node in ast.walk(tree) if isinstance(node, ast.ClassDef))]
        names = [[n.name for n in scope.body if isinstance(n, FUNCTION)] for scope in scopes]
        return [name for scope in names for name in set(scope) if scope.count(name) > 1]

    assert broken(TESTS, repeated) == {}


def test_no_test_sleeps():
    """No test sleeps with ``time.sleep``."""

    def sleeps(path):
        nodes = [n for n in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(n, ast.Call)]
        return [n.lineno for n in nodes if ast.unparse(n.func) == "time.sleep"]

    assert broken(TESTS, sleeps) == {}


def test_tests_mirror_the_sources():
    """A test file mirrors a source file or folder of the same place, or a topic of one."""
    strays = []
    for path in TESTS:
        place = path.relative_to(ROOT / "tests").parent
        sources = ROOT / "taskrouter_stats" / place
        if place.parts and place.parts[0] in MIRRORED:
            names = {source.stem for source in sources.iterdir()} | {place.name, *WHOLE_FOLDER}
            topic = path.stem.removeprefix("test_")
            if not any(topic == name or topic.startswith(f"{name}_") for name in names):
                strays.append(named(path))
    assert strays == []


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
