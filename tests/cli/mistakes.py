"""Files and folders that no command can do with."""

import shlex

from tests.support.wrong_calls import ACCOUNT, SECRET, SID, WORKER, WORKSPACE

OTHER = SID.format("WS").replace("0", "1")

_OWN = '"version": 1, "format": "JSON Lines of worker_statistics"'
_CHECKPOINTS = {
    "torn": '{"version": 1, "for',
    "list": "[]",
    "hollow": f"{{{_OWN}}}",
    "numbers": f'{{{_OWN}, "position": {{"lengths": 5, "parts": []}}, "run": "r", "done": 5}}',
    "future": '{"version": 99, "format": "JSON Lines of worker_statistics"}',
    "other": '{"version": 1, "format": "CSV of workers"}',
}
_ACCOUNT = f'[[account]]\nname = "a"\nworkspaces = ["WS"]\nauth_token = "{SECRET}"\n'


def strew(place):
    """Put them there."""
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
    """A command line as its words, with whole SIDs for their short names."""
    whole = {"WS": WORKSPACE, "ws": WORKSPACE.lower(), "WS1": OTHER, "WK": WORKER}
    return tuple(whole.get(word, word) for word in shlex.split(command))


def environment(url, more=""):
    """Variables that reach this server, one of them otherwise: ``NAME=value``."""
    account = {"TWILIO_ACCOUNT_SID": ACCOUNT, "TWILIO_AUTH_TOKEN": SECRET}
    name, _, value = more.partition("=")
    return {**account, "TASKROUTER_STATS_BASE_URL": url, **({name: value} if name else {})}


def told(err):
    """The one line that stderr holds, or holds below the usage of the command."""
    *before, line = err.splitlines()
    assert before == [] or (len(before) == 3 and before[0].startswith("Usage: "))
    return line
