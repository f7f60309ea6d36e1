"""The file of failures keeps each line until its query is resolved."""

import json

from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.etl.state.failures import FAILURES_FILE, merge_failures

keys = st.sets(st.sampled_from("abcdef"))


class Memory:
    """A storage of one file."""

    place = "memory"

    def __init__(self, data=None):
        self.data, self.puts = data, 0

    def names(self, under):
        """Return the file's name, if the file exists."""
        return [] if self.data is None else [f"{under}/{FAILURES_FILE}"]

    def get(self, name):
        """Return the file's content."""
        return self.data

    def put(self, name, data):
        """Replace the file."""
        self.data = data
        self.puts += 1

    def remove(self, name):
        """Remove the file."""
        self.data = None


def line(key, message="old"):
    """Return a line of the file."""
    return json.dumps({"key": key, "message": message}).encode() + b"\n"


@given(old=keys, new=keys, done=keys)
def test_a_line_stays_until_its_query_is_done(old, new, done):
    """The file holds new failures, and old ones that neither are done nor failed again."""
    storage = Memory(b"".join(map(line, sorted(old))) if old else None)
    merge_failures(storage, "_state", [line(key, "new") for key in sorted(new)], done.__contains__)
    lines = [] if storage.data is None else [json.loads(text) for text in storage.data.splitlines()]
    assert {line["key"]: line["message"] for line in lines} == {
        **dict.fromkeys(old - done, "old"),
        **dict.fromkeys(new, "new"),
    }
    assert len(lines) == len(old - done | new)


def test_an_unchanged_file_is_not_written():
    """A merge that changes nothing writes nothing."""
    storage = Memory(line("a"))
    merge_failures(storage, "_state", [], lambda key: False)
    assert storage.puts == 0
