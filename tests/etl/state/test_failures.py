"""The file of failures loses no line whose query still awaits its answer."""

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
        """Name the file, if it is there."""
        return [] if self.data is None else [f"{under}/{FAILURES_FILE}"]

    def get(self, name):
        """Return what it holds."""
        return self.data

    def put(self, name, data):
        """Replace it."""
        self.data = data
        self.puts += 1

    def remove(self, name):
        """Remove it."""
        self.data = None


def line(key, told="old"):
    """A line of the file."""
    return json.dumps({"key": key, "message": told}).encode() + b"\n"


@given(old=keys, new=keys, done=keys)
def test_a_line_stays_until_its_query_is_done(old, new, done):
    """What failed now is left, and what failed before and neither is done nor failed again."""
    storage = Memory(b"".join(map(line, sorted(old))) if old else None)
    merge_failures(storage, "_state", [line(key, "new") for key in sorted(new)], done.__contains__)
    lines = [] if storage.data is None else [json.loads(one) for one in storage.data.splitlines()]
    assert {one["key"]: one["message"] for one in lines} == {
        **dict.fromkeys(old - done, "old"),
        **dict.fromkeys(new, "new"),
    }
    assert len(lines) == len(old - done | new)


def test_a_file_that_stays_as_it_is_is_not_written():
    """Nothing is put where nothing changes."""
    storage = Memory(line("a"))
    merge_failures(storage, "_state", [], lambda key: False)
    assert storage.puts == 0
