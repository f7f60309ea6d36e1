"""Wrong command lines: each is refused in one line, and sends nothing.

The exact message is tested once, here for messages of the command line; the messages of other
packages are tested there, and here only what they begin with.
"""

import json

import click
import pytest

from tests.cli.bad_inputs import environment, error_line, words
from tests.support.wrong_calls import KEY, SECRET, unasked

EXACT = (
    ("an unknown command", "nonsense", "No such command 'nonsense'."),
    ("no workspace", "fetch", "Missing argument 'WORKSPACES…': give it, or --accounts FILE."),
    ("an unknown option", "fetch WS --93", click.NoSuchOption("--93").format_message()),
    (
        "a duration without a unit",
        "fetch WS --last 8",
        "--last 8: expected minutes, hours or days, such as 90m, 8h or 2d",
    ),
    ("a duration of zero", "fetch WS --last 0m", "--last 0m: expected one minute or more"),
    (
        "two kinds of times",
        "fetch WS --last 8h --day yesterday --tz UTC",
        "--last, --from and --day exclude each other: give one of them",
    ),
    (
        "a time in words",
        "fetch WS --from yesterday",
        "--from yesterday: expected a time such as 2026-11-01T08:00+01:00 or 2026-11-01T07:00Z",
    ),
    (
        "a time without offset",
        "fetch WS --from 2026-11-01",
        "--from 2026-11-01: has no offset: add one such as Z or +01:00, or --tz Europe/Dublin",
    ),
    (
        "a time in the future",
        "fetch WS --from 2999-11-01T00:00Z",
        "--from 2999-11-01T00:00Z: is in the future: expected a past time",
    ),
    (
        "a day in the future",
        "fetch WS --day 2999-11-01 --tz UTC",
        (
            "the window 2999-11-01T00:00:00Z/2999-11-02T00:00:00Z is in the future: "
            "expected a past time"
        ),
    ),
    ("an end without a start", "fetch WS --to 2026-11-01T00:00Z", "--to requires --from"),
    (
        "a day without zone",
        "fetch WS --day yesterday",
        "--day requires --tz, such as --tz Europe/Dublin or --tz UTC",
    ),
    (
        "a date in another order",
        "fetch WS --day 01.11.2026 --tz UTC",
        "--day 01.11.2026: expected a date such as 2026-11-01, or yesterday",
    ),
    (
        "a zone with an offset",
        "fetch WS --day yesterday --tz CET+1",
        "--tz CET+1: expected an IANA name such as Europe/Dublin, America/New_York or UTC",
    ),
    (
        "days without zone",
        "fetch WS --catch-up 7",
        "--catch-up requires --tz, such as --tz Europe/Dublin or --tz UTC",
    ),
    (
        "--catch-up and --last",
        "fetch WS --catch-up 7 --last 8h --tz UTC",
        "--catch-up excludes --last, --from, --to and --day: omit them",
    ),
    ("windows of zero length", "fetch WS --every 0m", "--every 0m: expected one minute or more"),
    (
        "--stop-at without --tz",
        "fetch WS --stop-at 07:00",
        "--stop-at requires --tz, such as --tz Europe/Dublin or --tz UTC",
    ),
    (
        "--stop-at in another format",
        "fetch WS --stop-at 7am --tz UTC",
        "--stop-at 7am: expected a time of day such as 07:00",
    ),
    (
        "CSV to standard output",
        "fetch WS --format csv",
        "standard output takes JSON Lines only: name a file with --output",
    ),
    (
        "--excel for Parquet",
        "fetch WS --output lake --excel",
        (
            "--excel is for CSV, and this output is Parquet: add --format csv, or name a file that "
            "ends in .csv"
        ),
    ),
    (
        "--excel for JSON Lines",
        "fetch WS --output day.jsonl --excel",
        (
            "--excel is for CSV, and this output is JSON Lines: add --format csv, or name a file "
            "that ends in .csv"
        ),
    ),
    (
        "--excel without --output",
        "fetch WS --excel",
        "--excel requires --output with a file or folder",
    ),
    (
        "--fresh without --output",
        "fetch WS --fresh",
        "--fresh requires --output with a file or folder",
    ),
    (
        "--fresh and --retry-failed",
        "fetch WS --output lake --fresh --retry-failed",
        "--fresh and --retry-failed exclude each other: give one of them",
    ),
    (
        "one CSV file for two tables",
        "fetch WS --output day.csv",
        "--output day.csv: one CSV file holds one table: add --table",
    ),
    (
        "plan without a workspace",
        "plan",
        "Missing argument 'WORKSPACES…': give it, or --offline --workers-count N.",
    ),
    (
        "--workers-count without --offline",
        "plan --workers-count 5",
        "--offline and --workers-count N require each other: give both or none",
    ),
    ("doctor without a workspace", "doctor", "Missing argument 'WORKSPACE'."),
    ("no workers to show", "demo --workers 0", "--workers=0: expected a whole number, >= 1"),
)
BEGINNINGS = (
    ("a worker's SID as the workspace", "fetch WK", "WORKSPACE="),
    ("a workspace in lower case", "fetch ws", "WORKSPACE="),
    ("a placeholder as the workspace", "fetch WS…", "WORKSPACE='WS…'"),
    ("a duration in words", 'fetch WS --last "8 hours"', "--last 8 hours:"),
    ("a negative duration", "fetch WS --last=-5m", "--last -5m:"),
    ("an empty duration", 'fetch WS --last ""', "--last :"),
    (
        "an end before the start",
        "fetch WS --from 2020-11-02T00:00Z --to 2020-11-01T00:00Z",
        "the window ends at 2020-11-01T00:00:00Z",
    ),
    ("an empty zone", 'fetch WS --day yesterday --tz ""', "--tz :"),
    ("days in words", "fetch WS --catch-up week --tz UTC", "Invalid value for '--catch-up'"),
    ("windows of seconds", "fetch WS --every 10s", "--every 10s:"),
    ("zero requests in flight", "fetch WS --max-in-flight 0", "--max-in-flight=0:"),
    ("headroom in percent", "fetch WS --headroom 20", "--headroom=20.0:"),
    ("a pace of zero", "fetch WS --pace-limit 0", "--pace-limit=0.0:"),
    ("a timeout that is not a number", "fetch WS --timeout nan", "--timeout=nan:"),
    ("a timeout as text", "doctor WS --timeout soon", "Invalid value for '--timeout'"),
    ("a proxy without scheme", "fetch WS --proxy proxy.example:3128", "proxy="),
    ("plain http", "fetch WS --base-url http://10.0.0.1", "base_url="),
    ("another scheme", "doctor WS --base-url ftp://twilio.example", "base_url="),
    ("an unknown log format", "fetch WS --log-format xml", "Invalid value for '--log-format'"),
    ("an empty channel", 'fetch WS --task-channel ""', "task_channel=''"),
    ("--retry-failed without --output", "fetch --retry-failed", "--retry-failed requires --output"),
    ("a Parquet file", "fetch WS --output day.parquet", "day.parquet:"),
    ("an empty name", 'fetch WS --output ""', "path=''"),
    ("an unknown storage", "fetch WS --output ftp://host/lake", "ftp://host/lake"),
    ("a port above 65535", "simulate --port 70000", "port=70000:"),
    ("a rival's share in percent", "simulate --rival 60", "rival=60.0:"),
    ("a limit of zero", "simulate --step 5 0", "steps=0:"),
)
ENVIRONMENTS = (
    ("a region in capitals", "TASKROUTER_STATS_BASE_URL=", "fetch WS --region IE1", "region='IE1'"),
    ("a URL without scheme", "TASKROUTER_STATS_BASE_URL=twilio.example", "fetch WS", "base_url="),
    (
        "neither yes nor no",
        "TASKROUTER_STATS_ALLOW_HTTP=maybe",
        "fetch WS",
        "TASKROUTER_STATS_ALLOW",
    ),
    ("no token", "TWILIO_AUTH_TOKEN=", "fetch WS", "TWILIO_AUTH_TOKEN is not set"),
    ("the token as the account", f"TWILIO_ACCOUNT_SID={SECRET}", "fetch WS", "account_sid='(not"),
    (
        "a key without its secret",
        f"TWILIO_API_KEY={KEY}",
        "fetch WS",
        "TWILIO_API_SECRET is not set",
    ),
)


def refusal(here, command, variable=""):
    """Return the error line of a command that is refused with exit code 2 and sends nothing."""
    with unasked() as url:
        code, out, err = here(words(command), environment(url, variable))
    assert (code, out) == (2, "")
    assert SECRET not in err
    return error_line(err)


@pytest.mark.parametrize(("name", "command", "says"), EXACT, ids=[row[0] for row in EXACT])
def test_a_wrong_command_has_exactly_this_message(here, name, command, says):
    """The command line refuses a wrong call with exit code 2 and one line on stderr."""
    assert refusal(here, command) == f"Error: {says}"


@pytest.mark.parametrize(
    ("name", "command", "says"), BEGINNINGS, ids=[row[0] for row in BEGINNINGS]
)
def test_a_wrong_value_is_refused_by_its_name(here, name, command, says):
    """The error line begins with the option or parameter that is wrong."""
    assert refusal(here, command).startswith(f"Error: {says}")


@pytest.mark.parametrize(
    ("name", "variable", "command", "says"), ENVIRONMENTS, ids=[row[0] for row in ENVIRONMENTS]
)
def test_a_wrong_environment_is_refused_by_its_name(here, name, variable, command, says):
    """The error line begins with the wrong variable or parameter, and shows no secret."""
    assert refusal(here, command, variable).startswith(f"Error: {says}")


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("fetch --log-format json", "Missing argument 'WORKSPACES…'"),
        ("fetch WS --log-format=json --last 8", "--last 8:"),
        ("fetch WS --log-format json --timeout 0", "--timeout=0.0:"),
    ],
)
def test_json_logs_stay_json_when_a_command_is_refused(here, command, says):
    """With --log-format json, a wrong option or value is one JSON object on stderr."""
    with unasked() as url:
        code, out, err = here(words(command), environment(url))
    line = json.loads(err)
    assert (code, out) == (2, "")
    assert (line["level"], line["event"]) == ("error", "error")
    assert line["message"].startswith(f"Error: {says}")


async def test_a_process_prints_the_same_message(run_process):
    """A separate process prints the same error line, and no traceback."""
    _, command, says = EXACT[0]
    with unasked() as url:
        ran = await run_process(*words(command), fresh=True, **environment(url))
    assert (ran.code, ran.out, error_line(ran.err)) == (2, "", f"Error: {says}")
