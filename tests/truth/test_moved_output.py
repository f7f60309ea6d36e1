"""Kind 5: an output that another program moves or changes during a run is not complete."""

import os
import shutil

import pytest

from taskrouter_stats.errors import StorageError
from taskrouter_stats.etl import CsvSink, JsonLinesSink, ParquetSink
from taskrouter_stats.etl.output import writer as module
from taskrouter_stats.etl.state.checkpoint import Checkpoint, Commit

from .exports import day, export
from .raw_server import RawServer, truthful

OUTPUTS = {
    "file": lambda place: JsonLinesSink(place / "o.jsonl"),
    "json": JsonLinesSink,
    "csv": CsvSink,
    "parquet": ParquetSink,
}
STATISTICS = {"file": "o.jsonl", "json": "worker_statistics.jsonl", "csv": "worker_statistics.csv"}


async def refused(tmp_path, monkeypatch, make, act):
    """Check that a run raises an error after that act between two batches; return its text."""
    commit, commits = Checkpoint.commit, []

    def act_later(checkpoint, made):
        commit(checkpoint, made)
        if made.run != "other":
            commits.append(made)
            if len(commits) == 4:
                act()

    monkeypatch.setattr(module, "BATCH_SIZE", 4)
    monkeypatch.setattr(Checkpoint, "commit", act_later)
    with RawServer(truthful(40)).running() as server, pytest.raises(StorageError) as caught:
        await export(server, make(tmp_path / "lake"))
    return str(caught.value)


def contents(lake):
    """Return the content of every file of rows."""
    files = (path for path in lake.rglob("*") if path.is_file())
    return {path: path.read_bytes() for path in files if "_state" not in path.parent.name}


@pytest.mark.parametrize("kind", OUTPUTS)
async def test_an_output_that_is_moved_during_a_run_raises_an_error(tmp_path, monkeypatch, kind):
    """A run whose folder was renamed raises an error, and writes nothing to the old name."""
    lake = tmp_path / "lake"
    lake.mkdir()
    text = await refused(
        tmp_path, monkeypatch, OUTPUTS[kind], lambda: lake.rename(tmp_path / "moved")
    )
    assert "was moved, removed or replaced while this run wrote to it" in text
    assert not lake.exists()


@pytest.mark.parametrize("kind", STATISTICS)
@pytest.mark.parametrize("act", [os.remove, lambda path: os.truncate(path, 0)])
async def test_a_file_that_is_rotated_during_a_run_raises_an_error(
    tmp_path, monkeypatch, kind, act
):
    """A run whose file was removed or emptied raises an error, and so does the next run."""
    path = tmp_path / "lake" / STATISTICS[kind]
    path.parent.mkdir()
    text = await refused(tmp_path, monkeypatch, OUTPUTS[kind], lambda: act(path))
    assert f"{path} has 0 bytes, not the" in text
    with (
        RawServer(truthful(40)).running() as server,
        pytest.raises(StorageError, match="fewer than the"),
    ):
        await export(server, OUTPUTS[kind](path.parent))


@pytest.mark.parametrize("kind", STATISTICS)
async def test_lines_of_another_program_stay(tmp_path, monkeypatch, kind):
    """A run whose file has grown raises an error, and does not remove what it did not write."""
    path = tmp_path / "lake" / STATISTICS[kind]
    path.parent.mkdir()

    def act():
        with path.open("ab") as file:
            file.write(b"of another program\n")

    await refused(tmp_path, monkeypatch, OUTPUTS[kind], act)
    assert path.read_bytes().endswith(b"of another program\n")


async def test_parts_that_are_removed_during_a_run_raise_an_error(tmp_path, monkeypatch):
    """A run whose table was removed is not complete, though later batches could be written."""
    table = tmp_path / "lake" / "worker_statistics"
    text = await refused(tmp_path, monkeypatch, ParquetSink, lambda: shutil.rmtree(table))
    assert "is not there, though its rows were stored" in text


@pytest.mark.parametrize("kind", OUTPUTS)
async def test_a_new_output_at_the_name_of_a_moved_one_keeps_its_rows(tmp_path, monkeypatch, kind):
    """A run commits nothing to an output that another run began at its name."""
    lake = tmp_path / "lake"
    lake.mkdir()

    def act():
        lake.rename(tmp_path / "moved")
        lake.mkdir()
        sink = OUTPUTS[kind](lake)
        with sink.storage.lock(f"{sink.state}/lock"):
            other = Checkpoint(sink.storage, sink.state, sink.format)
            for _ in range(9):
                other.commit(Commit("other"))

    text = await refused(tmp_path, monkeypatch, OUTPUTS[kind], act)
    assert "was moved, removed or replaced" in text
    files = [path.name for path in lake.rglob("*") if path.is_file()]
    assert sorted(files) == [*(f"commit-{n:010d}.json" for n in range(1, 10)), "lock"]


@pytest.mark.parametrize("kind", OUTPUTS)
async def test_a_state_older_than_the_rows_raises_an_error(tmp_path, kind):
    """A run removes no rows, and adds none, if the state was restored from an older copy."""
    lake, state = tmp_path / "lake", "o.jsonl._state" if kind == "file" else "_state"
    with RawServer(truthful(3)).running() as server:
        await export(server, OUTPUTS[kind](lake), day(5))
        shutil.copytree(lake / state, tmp_path / "backup")
        await export(server, OUTPUTS[kind](lake), day(4))
        shutil.rmtree(lake / state)
        shutil.copytree(tmp_path / "backup", lake / state)
        before = contents(lake)
        with pytest.raises(StorageError, match="is older than the"):
            await export(server, OUTPUTS[kind](lake), day(3))
    assert contents(lake) == before


@pytest.mark.parametrize("kind", OUTPUTS)
async def test_states_that_were_swapped_raise_an_error(tmp_path, kind):
    """Neither of two outputs whose states were swapped can be written."""
    state = "o.jsonl._state" if kind == "file" else "_state"
    first, second = tmp_path / "first", tmp_path / "second"
    with RawServer(truthful(3)).running() as server:
        await export(server, OUTPUTS[kind](first), [day(5), day(4)])
        await export(server, OUTPUTS[kind](second), day(3))
        (first / state).rename(tmp_path / "swapped")
        (second / state).rename(first / state)
        (tmp_path / "swapped").rename(second / state)
        for lake in (first, second):
            before = contents(lake)
            with pytest.raises(StorageError, match="--fresh starts over"):
                await export(server, OUTPUTS[kind](lake), day(3))
            assert contents(lake) == before


@pytest.mark.parametrize("kind", OUTPUTS)
async def test_rows_without_their_checkpoints_raise_an_error(tmp_path, kind):
    """A run removes no rows if the checkpoints that list them were deleted."""
    lake, state = tmp_path / "lake", "o.jsonl._state" if kind == "file" else "_state"
    with RawServer(truthful(3)).running() as server:
        await export(server, OUTPUTS[kind](lake), day(5))
        for commit in (lake / state).glob("commit-*"):
            commit.unlink()
        before = contents(lake)
        with pytest.raises(StorageError, match=f"{state} lacks the checkpoints"):
            await export(server, OUTPUTS[kind](lake), day(4))
    assert contents(lake) == before


@pytest.mark.parametrize("kept", [1, 9])
@pytest.mark.parametrize("make", [JsonLinesSink, CsvSink])
async def test_another_compression_raises_an_error(tmp_path, make, kept):
    """Files of another compression would keep the rows that a crash left beside the new ones."""
    with RawServer(truthful(3)).running() as server:
        await export(server, make(tmp_path), day(5))
        for commit in sorted((tmp_path / "_state").glob("commit-*"))[kept:]:
            commit.unlink()
        with pytest.raises(StorageError, match=r"worker_statistics\..*: continue with its name"):
            await export(server, make(tmp_path, compression="gzip"), day(5))
    assert not list(tmp_path.glob("*.gz"))


async def test_another_spelling_of_a_files_name_raises_an_error(tmp_path):
    """Where case does not count in names, another spelling does not truncate the file."""
    with RawServer(truthful(3)).running() as server:
        await export(server, JsonLinesSink(tmp_path / "o.jsonl"), day(5))
        (tmp_path / "O.jsonl").symlink_to("o.jsonl")
        (tmp_path / "O.jsonl._state").symlink_to("o.jsonl._state")
        sink = JsonLinesSink(tmp_path / "o.jsonl")
        sink._file, sink.state = "O.jsonl", "O.jsonl._state"
        with pytest.raises(StorageError, match=r"holds o\.jsonl: continue with its name"):
            await export(server, sink, [day(5), day(4)])


async def test_a_part_that_was_cut_or_replaced_raises_an_error(tmp_path):
    """A run does not count rows as stored whose part has another size than was committed."""
    with RawServer(truthful(3)).running() as server:
        await export(server, ParquetSink(tmp_path), day(5))
        (part,) = (tmp_path / "worker_statistics").rglob("*.parquet")
        os.truncate(part, 100)
        with pytest.raises(StorageError, match=r"has 100 bytes, not the \d+ that were committed"):
            await export(server, ParquetSink(tmp_path), [day(5), day(4)])
    assert [path.stat().st_size for path in (tmp_path / "worker_statistics").rglob("*.p*")] == [100]


async def test_an_output_without_changes_is_complete(tmp_path):
    """An output that nobody touches is complete, run after run."""
    with RawServer(truthful(3)).running() as server:
        for ago in (4, 3):
            assert (await export(server, ParquetSink(tmp_path), day(ago))).complete
