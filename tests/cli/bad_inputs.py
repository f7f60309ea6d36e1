"""Files, folders, command lines and environments that commands refuse."""

import shlex

from tests.support.wrong_calls import ACCOUNT, SECRET, SID, WORKER, WORKSPACE

OTHER = SID.format("WS").replace("0", "1")

_HEADER = '"version": 1, "format": "JSON Lines of worker_statistics"'
_CHECKPOINTS = {
    "torn": '{"version": 1, "for',
    "list": "[]",
    "hollow": f"{{{_HEADER}}}",
    "numbers": f'{{{_HEADER}, "position": {{"lengths": 5, "parts": []}}, "run": "r", "done": 5}}',
    "future": '{"version": 99, "format": "JSON Lines of worker_statistics"}',
    "other": '{"version": 1, "format": "CSV of workers"}',
}
_ACCOUNT = f'[[account]]\nname = "a"\nworkspaces = ["WS"]\nauth_token = "{SECRET}"\n'


def create_files(place):
    """Create the files in a folder."""
    (place / "folder").mkdir()
    (place / "workers.txt").write_text(WORKER)
    (place / "names.txt").write_text("Ada = = Lovelace")
    (place / "empty.txt").write_text("\n# nobody\n")
    (place / "bytes.bin").write_bytes(b"\xff\xfe\x00")
    (place / "secret.toml").write_text(_ACCOUNT)
    (place / "nameless.toml").write_text("[[account]]\n")
    (place / "strange.jsonl").write_text("dear diary\n")
    for name, text in _CHECKPOINTS.items():
        state = place / f"{name}.jsonl._state"
        state.mkdir()
        (state / "commit-0000000001.json").write_text(text)
    (place / "failures.jsonl._state").mkdir()
    (place / "failures.jsonl._state" / "failures.jsonl").write_text('{"key": ')


def words(command):
    """Return the words of a command line, with full SIDs for their short names."""
    sids = {"WS": WORKSPACE, "ws": WORKSPACE.lower(), "WS1": OTHER, "WK": WORKER}
    return tuple(sids.get(word, word) for word in shlex.split(command))


def environment(url, change=""):
    """Return variables for this server, changed or extended by ``NAME=value``."""
    account = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": SECRET}
    name, _, value = change.partition("=")
    return {**account, "TASKROUTER_STATS_BASE_URL": url, **({name: value} if name else {})}


def error_line(err):
    """Return the only line of stderr, or the only line below the usage of the command."""
    *before, line = err.splitlines()
    assert before == [] or (len(before) == 3 and before[0].startswith("Usage: "))
    return line
