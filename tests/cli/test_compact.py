"""``taskrouter-stats compact`` in a process."""

import json

from taskrouter_stats.etl import JsonLinesSink


async def test_compact_keeps_each_key_once_and_prints_the_number_of_removed_rows(
    simulator, run, tmp_path
):
    """Of a window that was fetched twice, the last row of each worker stays."""
    path = tmp_path / "rows.jsonl"
    env = {
        "TASKROUTER_STATS_BASE_URL": simulator.base_url,
        "TWILIO_ACCOUNT_SID": simulator.auth[0],
        "TWILIO_AUTH_TOKEN": simulator.auth[1],
    }
    command = ("fetch", simulator.workspace_sid, "--last=1d", "--every=1d", "--settle=1000h")
    for _ in range(2):
        assert (await run(*command, "--output", str(path), **env)).code == 0
    ran = await run("compact", str(path))
    workers = [json.loads(line)["worker_sid"] for line in path.read_text().splitlines()]
    assert ran.code == 0
    assert ran.out == f"{path}: removed 12 rows that a later answer replaced.\n"
    assert len(workers) == len(set(workers)) == 12


def test_compact_refuses_another_file_and_a_locked_output(here, tmp_path):
    """A file of another program does not change, and a locked output is exit code 75."""
    path = tmp_path / "rows.jsonl"
    path.write_text("{}\n")
    code, _, err = here(("compact", str(path)), {})
    assert (code, path.read_text()) == (2, "{}\n")
    assert "is not an output of this program" in err
    state = tmp_path / "rows.jsonl._state"
    state.mkdir()
    checkpoint = {"version": 1, "format": "JSON Lines of worker_statistics"}
    (state / "commit-0000000001.json").write_text(json.dumps(checkpoint))
    sink = JsonLinesSink(path)
    with sink.storage.lock(f"{sink.state}/lock"):
        code, _, err = here(("compact", str(path)), {})
    assert code == 75
    assert "is locked by process" in err
