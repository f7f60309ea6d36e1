"""Wrong command lines, and the exact words with which each is refused."""

import json

import click
import pytest

from tests.cli.mistakes import environment, told, words
from tests.support.wrong_calls import KEY, SECRET, WORKER, unasked

CALLS = (
    ("no such command", "nonsense", "No such command 'nonsense'."),
    ("no workspace", "fetch", "Missing argument 'WORKSPACES…', or --accounts FILE."),
    ("no such option", "fetch WS --93", click.NoSuchOption("--93").format_message()),
    (
        "a worker for a workspace",
        "fetch WK",
        (
            f"WORKSPACE='{WORKER}' is not a Workspace SID: expected WS and 32 hexadecimal "
            "digits; WK is for Worker"
        ),
    ),
    (
        "a workspace in lower case",
        "fetch ws",
        (
            "WORKSPACE='ws00000000000000000000000000000000' is not a Workspace SID: "
            "expected WS and 32 hexadecimal digits; write WS in capitals"
        ),
    ),
    (
        "a workspace from the documents",
        "fetch WS…",
        "WORKSPACE='WS…' is not a Workspace SID: expected WS and 32 hexadecimal digits",
    ),
    (
        "a span without unit",
        "fetch WS --last 8",
        "--last 8: minutes, hours or days, such as 90m, 8h or 2d",
    ),
    (
        "a span in words",
        'fetch WS --last "8 hours"',
        "--last 8 hours: minutes, hours or days, such as 90m, 8h or 2d",
    ),
    (
        "a negative span",
        "fetch WS --last=-5m",
        "--last -5m: minutes, hours or days, such as 90m, 8h or 2d",
    ),
    ("an empty span", "fetch WS --last 0m", "--last 0m: at least one minute"),
    ("no span", 'fetch WS --last ""', "--last : minutes, hours or days, such as 90m, 8h or 2d"),
    (
        "two kinds of times",
        "fetch WS --last 8h --day yesterday --tz UTC",
        "--last, --from and --day exclude each other: give one of them",
    ),
    (
        "a time in words",
        "fetch WS --from yesterday",
        "--from yesterday: a time such as 2026-11-01T08:00+01:00 or 2026-11-01T07:00Z",
    ),
    (
        "a time without offset",
        "fetch WS --from 2026-11-01",
        "--from 2026-11-01: add an offset such as Z or +01:00, or say --tz Europe/Dublin",
    ),
    (
        "times backwards",
        "fetch WS --from 2020-11-02T00:00Z --to 2020-11-01T00:00Z",
        ("the window ends at 2020-11-01T00:00:00Z, not after its start 2020-11-02T00:00:00Z"),
    ),
    (
        "a time to come",
        "fetch WS --from 2999-11-01T00:00Z",
        "--from 2999-11-01T00:00Z: that is in the future",
    ),
    (
        "a day to come",
        "fetch WS --day 2999-11-01 --tz UTC",
        "the window 2999-11-01T00:00:00Z/2999-11-02T00:00:00Z is in the future",
    ),
    ("an end alone", "fetch WS --to 2026-11-01T00:00Z", "--to needs --from"),
    (
        "a day without zone",
        "fetch WS --day yesterday",
        "--day needs --tz, such as --tz Europe/Dublin or --tz UTC",
    ),
    (
        "a day as others write it",
        "fetch WS --day 01.11.2026 --tz UTC",
        "--day 01.11.2026: a date such as 2026-11-01, or yesterday",
    ),
    (
        "a zone by its offset",
        "fetch WS --day yesterday --tz CET+1",
        "--tz CET+1: an IANA name such as Europe/Dublin, America/New_York or UTC",
    ),
    (
        "an empty zone",
        'fetch WS --day yesterday --tz ""',
        "--tz : an IANA name such as Europe/Dublin, America/New_York or UTC",
    ),
    (
        "days without zone",
        "fetch WS --catch-up 7",
        "--catch-up needs --tz, such as --tz Europe/Dublin or --tz UTC",
    ),
    (
        "days in words",
        "fetch WS --catch-up week --tz UTC",
        "Invalid value for '--catch-up': 'week' is not a valid integer range.",
    ),
    (
        "days and hours",
        "fetch WS --catch-up 7 --last 8h --tz UTC",
        "--catch-up excludes --last, --from, --to and --day",
    ),
    (
        "pieces of seconds",
        "fetch WS --every 10s",
        "--every 10s: minutes, hours or days, such as 90m, 8h or 2d",
    ),
    ("pieces of nothing", "fetch WS --every 0m", "--every 0m: at least one minute"),
    (
        "none in flight",
        "fetch WS --max-in-flight 0",
        "--max-in-flight=0: expected a whole number, 1 or more",
    ),
    (
        "headroom in percent",
        "fetch WS --headroom 20",
        "--headroom=20.0: expected a share from 0 to below 1, such as 0.2 for 20%",
    ),
    (
        "no pace",
        "fetch WS --pace-limit 0",
        "--pace-limit=0.0: expected requests per second, 0.001 or more",
    ),
    (
        "a timeout that is no number",
        "fetch WS --timeout nan",
        "--timeout=nan: expected seconds, 0.001 or more",
    ),
    (
        "a timeout as text",
        "doctor WS --timeout soon",
        "Invalid value for '--timeout': 'soon' is not a valid float.",
    ),
    (
        "a proxy without scheme",
        "fetch WS --proxy proxy.example:3128",
        "proxy= is not an http or https URL: expected one such as https://host.example:8080",
    ),
    (
        "plain http",
        "fetch WS --base-url http://10.0.0.1",
        (
            "base_url= is plain http to 10.0.0.1, so the network could read the "
            "credentials: use https, or set allow_http=True"
        ),
    ),
    (
        "another scheme",
        "doctor WS --base-url ftp://twilio.example",
        "base_url= is not an http or https URL: expected one such as https://host.example:8080",
    ),
    (
        "an unknown format of logs",
        "fetch WS --log-format xml",
        "Invalid value for '--log-format': 'xml' is not one of 'text', 'json'.",
    ),
    (
        "an empty channel",
        'fetch WS --task-channel ""',
        "task_channel='': expected text, not empty, without control characters",
    ),
    (
        "a stop without zone",
        "fetch WS --stop-at 07:00",
        "--stop-at needs --tz, such as --tz Europe/Dublin or --tz UTC",
    ),
    (
        "a stop in words",
        "fetch WS --stop-at 7am --tz UTC",
        "--stop-at 7am: a time of day such as 07:00",
    ),
    (
        "CSV into a pipe",
        "fetch WS --format csv",
        "standard output takes JSON Lines: --output names a file or folder",
    ),
    (
        "fresh standard output",
        "fetch WS --fresh",
        "--fresh needs --output with the name of a file or folder",
    ),
    (
        "failures of standard output",
        "fetch --retry-failed",
        "--retry-failed needs --output with the name of a file or folder",
    ),
    (
        "fresh and again",
        "fetch WS --output lake --fresh --retry-failed",
        "--fresh and --retry-failed exclude each other",
    ),
    (
        "one CSV file for all",
        "fetch WS --output day.csv",
        "--output day.csv: one CSV file holds one table, so say --table",
    ),
    (
        "a Parquet file",
        "fetch WS --output day.parquet",
        "day.parquet: Parquet makes a folder of parts, so name a folder",
    ),
    ("an empty name", 'fetch WS --output ""', "path='': a folder's name or a URI"),
    (
        "an unknown store",
        "fetch WS --output ftp://host/lake",
        "ftp://host/lake: pyarrow can't open this URI: expected one such as s3://…",
    ),
    (
        "a plan of nothing",
        "plan",
        "Missing argument 'WORKSPACES…', or --offline --workers-count N.",
    ),
    (
        "half an offline plan",
        "plan --workers-count 5",
        "--offline and --workers-count N go together",
    ),
    ("doctor for nobody", "doctor", "Missing argument 'WORKSPACE'."),
    (
        "nobody to show",
        "demo --workers 0",
        "--workers=0: at least one, or there is nothing to show",
    ),
    ("an endless port", "simulate --port 70000", "port=70000: an integer from 0 to 65535"),
    ("a rival in percent", "simulate --rival 60", "rival=60.0: a share from 0 to 1"),
    ("a step to nothing", "simulate --step 5 0", "steps=0: an integer from 1 to 1000000"),
)
ENVIRONMENTS = (
    (
        "a region in capitals",
        "TASKROUTER_STATS_BASE_URL=",
        "fetch WS --region IE1",
        "region='IE1' is not a Twilio region: expected a name such as 'ie1'",
    ),
    (
        "an address without scheme",
        "TASKROUTER_STATS_BASE_URL=twilio.example",
        "fetch WS",
        "base_url= is not an http or https URL: expected one such as https://host.example:8080",
    ),
    (
        "maybe plain http",
        "TASKROUTER_STATS_ALLOW_HTTP=maybe",
        "fetch WS",
        "TASKROUTER_STATS_ALLOW_HTTP='maybe' is not a switch: expected 1 or 0",
    ),
    (
        "no token",
        "TWILIO_AUTH_TOKEN=",
        "fetch WS",
        (
            "TWILIO_AUTH_TOKEN is not set: set TWILIO_API_KEY and TWILIO_API_SECRET, or "
            "TWILIO_ACCOUNT_SID and TWILIO_AUTH_TOKEN"
        ),
    ),
    (
        "the token for the account",
        f"TWILIO_ACCOUNT_SID={SECRET}",
        "fetch WS",
        ("account_sid='(not shown)' is not an Account SID: expected AC and 32 hexadecimal digits"),
    ),
    (
        "a key without its secret",
        f"TWILIO_API_KEY={KEY}",
        "fetch WS",
        "TWILIO_API_SECRET is not set, though TWILIO_API_KEY is",
    ),
)


@pytest.mark.parametrize(("name", "command", "says"), CALLS, ids=[row[0] for row in CALLS])
def test_a_wrong_command_is_refused_in_these_words(here, name, command, says):
    """A command that can't be ends with 2 and one line on stderr, and asks nobody."""
    with unasked() as url:
        code, out, err = here(words(command), environment(url))
    assert (code, out, told(err)) == (2, "", f"Error: {says}")


@pytest.mark.parametrize(
    ("name", "variable", "command", "says"), ENVIRONMENTS, ids=[row[0] for row in ENVIRONMENTS]
)
def test_a_wrong_environment_is_refused_in_these_words(here, name, variable, command, says):
    """A variable that can't be ends with 2 and one line, without the secret of another one."""
    with unasked() as url:
        code, out, err = here(words(command), environment(url, variable))
    assert (code, out, told(err)) == (2, "", f"Error: {says}")
    assert SECRET not in err


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("fetch --log-format json", "Missing argument 'WORKSPACES…', or --accounts FILE."),
        (
            "fetch WS --log-format=json --last 8",
            "--last 8: minutes, hours or days, such as 90m, 8h or 2d",
        ),
        (
            "fetch WS --log-format json --timeout 0",
            "--timeout=0.0: expected seconds, 0.001 or more",
        ),
    ],
)
def test_a_log_of_json_lines_stays_one(here, command, says):
    """With --log-format json a mistake is one JSON object, be it a flag's or a value's."""
    with unasked() as url:
        code, out, err = here(words(command), environment(url))
    told_as = json.loads(err)
    assert (code, out) == (2, "")
    assert (told_as["level"], told_as["event"]) == ("error", "error")
    assert told_as["message"] == f"Error: {says}"


async def test_a_process_says_the_same(run):
    """A process of its own tells the same as this one, and no traceback."""
    _, command, says = CALLS[0]
    with unasked() as url:
        ran = await run(*words(command), **environment(url))
    assert (ran.code, ran.out, told(ran.err)) == (2, "", f"Error: {says}")
