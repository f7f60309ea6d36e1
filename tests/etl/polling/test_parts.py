"""The names of a poll's files."""

from datetime import timedelta, timezone

import pytest

from taskrouter_stats.etl.polling.parts import Part, find_parts
from tests.etl.polling.polled import AC, EIGHT, WS

FOLDER = f"worker_activity/account={AC}/workspace={WS}/day=2026-11-26"
EAST = timezone(timedelta(hours=5, minutes=30))


def test_a_name_says_number_and_time():
    """The part of a snapshot is named by its number and its time in UTC, and read back."""
    part = Part.of_snapshot(FOLDER, 12, EIGHT.astimezone(EAST), "parquet")
    assert part.name == f"{FOLDER}/snapshot-0000000012-20261126T080000Z.parquet"
    assert find_parts([part.name], WS) == [part]
    assert (part.table, part.hour, part.is_merged) == ("worker_activity", "20261126T08", False)


def test_a_merged_name_says_its_numbers():
    """The part that replaces others is named by their hour and their numbers, and read back."""
    parts = [Part.of_snapshot(FOLDER, number, EIGHT, "jsonl.gz") for number in (3, 4, 9)]
    merged = Part.merged(parts)
    assert merged.name == f"{FOLDER}/hour-20261126T08-0000000003-0000000009.jsonl.gz"
    assert find_parts([merged.name], WS) == [merged]
    assert [number for number in range(12) if merged.holds(number)] == [3, 4, 5, 6, 7, 8, 9]


@pytest.mark.parametrize(
    "name",
    [
        f"{FOLDER}/part-20261126T080000Z-0a0b0c0d-00001.parquet",
        f"{FOLDER}/.snapshot-0000000012-20261126T080000Z.parquet.aside",
        f"{FOLDER}/snapshot-12-20261126T080000Z.parquet",
        f"{FOLDER.replace(WS, 'WS' + '2' * 32)}/snapshot-0000000012-20261126T080000Z.parquet",
        "worker_activity/snapshot-0000000012-20261126T080000Z.parquet",
        "_poll/lock",
    ],
)
def test_other_files_are_ignored(name):
    """Files of exports, of other programs and of other Workspaces are not this poll's."""
    assert find_parts([name], WS) == []


def test_parts_are_ordered_by_number():
    """Parts of one folder come in the order of their snapshots, whatever their times."""
    times = [EIGHT, EIGHT - timedelta(hours=1), EIGHT + timedelta(hours=1)]
    parts = [Part.of_snapshot(FOLDER, n, time, "jsonl") for n, time in enumerate(times, 1)]
    assert find_parts([part.name for part in reversed(parts)], WS) == parts
