"""Kind 8: types of other libraries, and subclasses of trusted types, at the package's border.

Each is right or refused in words: no subclass reaches a URL, a key or a file, where it could show
itself in another way, and a word that is a password empties no answer.
"""

import copy
import enum
import json
import pickle
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import dateutil.tz
import numpy as np
import orjson
import pendulum
import pytest
import pytz

from taskrouter_stats import Credentials, RetryPolicy, TaskRouterSession, Window, etl, queries
from taskrouter_stats.errors import InvalidWindow

from .raw_server import ACCOUNT, TOKEN, WORKSPACE, RawServer, http, statistics, worker_sid

DAY = date(2026, 11, 1)
START = datetime(2026, 11, 1, 4, tzinfo=UTC)
NEW_YORK = "America/New_York"
PYTZ = pytz.timezone(NEW_YORK)


class Stamp(datetime):
    """A datetime that orjson refuses, like those of pandas, pendulum and freezegun."""


class Nothing(datetime):
    """A value that is a datetime by its class only, like ``pandas.NaT``."""

    year = month = day = hour = minute = second = microsecond = property(lambda _: float("nan"))

    def utcoffset(self):
        """Raise, as pandas does."""
        raise ValueError("NaTType does not support utcoffset")


NOTHING = Nothing(2026, 11, 1, tzinfo=UTC)


class Name(enum.StrEnum):
    """An enumeration of names."""

    WORKSPACE = WORKSPACE
    WORKER = worker_sid(1)


class OldName(str, enum.Enum):  # noqa: UP042 (that is the point: its text is another)
    """An older kind of enumeration of names; ``str()`` returns the member's name."""

    ACCOUNT = ACCOUNT
    TOKEN = TOKEN
    WORKSPACE = WORKSPACE
    CHANNEL = "voice"


def session(server, **options):
    """Return a session with a raw server."""
    credentials = Credentials.auth_token(ACCOUNT, TOKEN)
    options = {"retry": RetryPolicy(attempts=1), **options}
    return TaskRouterSession(credentials, base_url=server.url, **options)


def right_answer(question):
    """Return the right answer."""
    return http(statistics(question))


@pytest.mark.parametrize(
    "time",
    [
        Stamp(2026, 11, 1, tzinfo=ZoneInfo(NEW_YORK)),
        Stamp(2026, 11, 1, 4, 0, 0, 999_999, tzinfo=UTC),
        pendulum.datetime(2026, 11, 1, tz=NEW_YORK),
        PYTZ.localize(datetime(2026, 11, 1)),  # noqa: DTZ001
        datetime(2026, 11, 1, tzinfo=dateutil.tz.gettz(NEW_YORK)),
    ],
)
def test_datetimes_become_plain(time):
    """Every constructor of windows makes plain datetimes, which orjson accepts."""
    hour = timedelta(hours=1)
    in_utc = time.astimezone(UTC)
    windows = [
        Window.between(time, START + hour),
        Window.last(hours=1).at(time),
        *Window.between(time, START + hour).split(minutes=30),
        Window(start=in_utc, end=START + hour),
    ]
    edges = [edge for window in windows for edge in (window.start, window.end)]
    assert {type(edge) for edge in edges} == {datetime}
    assert {edge.tzinfo for edge in edges} == {UTC}
    assert windows[0].start == windows[1].end == windows[4].start == START
    assert orjson.loads(orjson.dumps(edges))


@pytest.mark.parametrize(
    "tz",
    [PYTZ, NEW_YORK, ZoneInfo(NEW_YORK), pendulum.timezone(NEW_YORK), dateutil.tz.gettz(NEW_YORK)],
)
def test_days_begin_at_midnight_in_any_librarys_zone(tz):
    """No day begins at local mean time (04:56Z): it begins at 04:00Z and has 25 hours."""
    [day] = Window.days(DAY, pendulum.date(2026, 11, 1), tz=tz)
    assert (day.start, day.end - day.start) == (START, timedelta(hours=25))
    assert pickle.loads(pickle.dumps(day)) == day == Window.day(DAY, tz=tz)


@pytest.mark.parametrize(
    ("start", "says"),
    [
        (datetime(2026, 11, 1, tzinfo=PYTZ), 'use tzinfo=zoneinfo.ZoneInfo("America/New_York")'),
        (
            datetime(2026, 3, 8, 2, 30, tzinfo=ZoneInfo(NEW_YORK)),
            "2026-03-08T01:59:59-05:00 and 2026-03-08T03:00:00-04:00",
        ),
        (DAY, "call Window.day(day, tz=…)"),
    ],
)
def test_wrong_times_are_refused_with_the_right_call(start, says):
    """Local mean time, a skipped time and a date are refused, with the right call."""
    with pytest.raises(InvalidWindow) as caught:
        Window.between(start, datetime(2027, 1, 1, tzinfo=UTC))
    assert says in str(caught.value)


@pytest.mark.parametrize(
    "call",
    [
        lambda: Window.between(NOTHING, START),
        lambda: Window.between(START, NOTHING),
        lambda: Window.last(hours=1).at(NOTHING),
        lambda: Window.day(NOTHING, tz="UTC"),
        lambda: Window(start=NOTHING, end=START),
    ],
)
def test_not_a_time_is_refused(call):
    """A library's not-a-time value is refused by every argument that takes a time."""
    with pytest.raises(InvalidWindow):
        call()


async def test_text_subclasses_are_sent_as_their_text():
    """A subclass of text is sent as its text, and its key equals that of plain text."""
    window = Window.last(minutes=np.int64(15))
    named = queries.worker_statistics(
        OldName.WORKSPACE, Name.WORKER, window, task_channel=OldName.CHANNEL
    )
    plain = queries.worker_statistics(
        WORKSPACE, worker_sid(1), Window.last(minutes=15), task_channel="voice"
    )
    assert (named, named.key, pickle.dumps(named)) == (plain, plain.key, pickle.dumps(plain))
    with RawServer(right_answer).running() as server:
        credentials = Credentials.auth_token(OldName.ACCOUNT, OldName.TOKEN)
        assert credentials == Credentials.auth_token(ACCOUNT, TOKEN)
        async with TaskRouterSession(credentials, base_url=server.url) as asked:
            await asked.fetch(named)
    [question] = server.questions
    assert question.path.endswith(f"/{WORKSPACE}/Workers/{worker_sid(1)}/Statistics")
    assert question.params == {"Minutes": "15", "TaskChannel": "voice"}
    assert question.headers["authorization"] == str(credentials.authorization())


async def test_numbers_of_numpy_are_plain_numbers():
    """Options given as numpy numbers become plain numbers."""
    retry = RetryPolicy(attempts=np.int32(3), base=np.float64(0.5), refusals=np.int64(2))
    with RawServer(right_answer).running() as server:
        made = session(
            server, timeout=np.float64(5), max_in_flight=np.int64(4), headroom=np.float64(0.1)
        )
        async with made:
            settings = made._settings
            query = queries.worker_statistics(WORKSPACE, worker_sid(1))
            await made.fetch(query, max_wait=np.float64(9))
    numbers = [settings.timeout, settings.max_in_flight, settings.headroom]
    numbers += [retry.attempts, retry.base, retry.refusals]
    assert [type(number) for number in numbers] == [float, int, float, int, float, int]
    assert type(queries.workers(WORKSPACE, page_size=np.int64(7)).page_size) is int


async def test_an_export_of_windows_of_another_librarys_times(tmp_path):
    """An export of windows made from a subclass of datetime stores its rows and is complete."""
    with RawServer(right_answer).running() as server:
        window = Window.between(Stamp(2026, 11, 1, tzinfo=UTC), Stamp(2026, 11, 1, 1, tzinfo=UTC))
        plan = etl.worker_plan(WORKSPACE, window, workers=[worker_sid(1), worker_sid(2)])
        async with session(server) as made:
            report = await etl.export(made, plan, etl.JsonLinesSink(tmp_path / "rows.jsonl"))
    lines = (tmp_path / "rows.jsonl").read_text("utf-8").splitlines()
    stored = {(row["worker_sid"], row["window_end"]) for row in map(json.loads, lines)}
    assert stored == {(worker_sid(n), "2026-11-01T01:00:00Z") for n in (1, 2)}
    assert (report.complete, report.written) == (True, 2)


@pytest.mark.parametrize(
    "word", ["reservations", "cumulative", "Workspaces", "Worker_sid", "11111111"]
)
async def test_a_password_that_is_a_word_changes_no_answer(word):
    """A proxy's password that is a key, word or number of the answer changes nothing in it."""
    expected = {}

    def answer(question):
        expected.update(statistics(question, note=f"{word} of today"))
        return http(expected)

    with RawServer(answer).running() as server:
        proxy = server.url.replace("//", f"//user:{word}@")
        async with TaskRouterSession(
            Credentials.auth_token(ACCOUNT, TOKEN),
            base_url="http://far.invalid",
            proxy=proxy,
            allow_http=True,
        ) as made:
            value = await made.fetch(queries.worker_statistics(WORKSPACE, worker_sid(5)))
    assert value.cumulative.reservations_created == 5
    assert (value.worker_sid, value.url) == (expected["worker_sid"], expected["url"])
    assert value.extra == {"note": f"{word} of today"}


def test_copied_headers_show_no_secret():
    """A copy of a request's headers, as vcrpy makes it, has the secret and does not show it."""
    header = {"Authorization": Credentials.auth_token(ACCOUNT, TOKEN).authorization()}
    copied = copy.deepcopy(header)
    assert copied == header
    assert "(secret)" in repr(copied)
    assert pickle.loads(pickle.dumps(copied)) == {"Authorization": "(secret)"}
