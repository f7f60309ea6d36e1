"""Tests of the conversion of decoded JSON to records and back."""

import copy
import re
from datetime import UTC, datetime, timedelta, timezone

import attrs
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.errors import PayloadError
from taskrouter_stats.models import (
    ActivityDuration,
    PageMeta,
    Worker,
    WorkerCumulative,
    WorkerStatistics,
    structure,
    to_dict,
    to_json,
)

SIDS = {name: name + "a" * 32 for name in ("AC", "WS", "WK", "WA")}
LEAST = {
    ActivityDuration: {},
    PageMeta: {},
    Worker: {"sid": SIDS["WK"]},
    WorkerCumulative: {},
    WorkerStatistics: {
        "workspace_sid": SIDS["WS"],
        "worker_sid": SIDS["WK"],
        "cumulative": {},
    },
}
"""What a payload of each model can't do without."""
MODELS = list(LEAST)
json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)
texts = st.text(st.characters(codec="utf-8"), max_size=12)
counts = st.integers(-(2**63), 2**63 - 1)
seconds = st.floats(allow_nan=False, allow_infinity=False)
zoned = st.datetimes(
    datetime(2, 1, 2),  # noqa: DTZ001 (Hypothesis adds the zone)
    datetime(9998, 12, 30),  # noqa: DTZ001
    timezones=st.timezones(),
)
times = zoned.map(lambda time: time.astimezone(UTC))


def extras(model):
    """Return a strategy for keys that the model does not know."""
    known = {field.name for field in attrs.fields(model)} - {"extra"}
    keys = st.text(st.characters(codec="utf-8"), max_size=8).filter(lambda key: key not in known)
    return st.dictionaries(keys, json_values, max_size=3)


def records(model, **fields):
    """Return a strategy for records with any optional field None."""
    optional = {
        name: strategy if name in LEAST[model] else st.none() | strategy
        for name, strategy in fields.items()
    }
    return st.builds(model, **optional, extra=extras(model))


activity_durations = records(
    ActivityDuration,
    sid=st.just(SIDS["WA"]),
    friendly_name=texts,
    **dict.fromkeys(("avg", "min", "max", "total"), seconds),
)
cumulatives = records(
    WorkerCumulative,
    start_time=times,
    end_time=times,
    activity_durations=st.lists(activity_durations, max_size=3).map(tuple),
    **dict.fromkeys(
        (
            f"reservations_{name}"
            for name in ("created", "accepted", "rejected", "timed_out", "canceled", "rescinded")
        ),
        counts,
    ),
)
statistics = records(
    WorkerStatistics,
    cumulative=cumulatives,
    account_sid=st.just(SIDS["AC"]),
    workspace_sid=st.just(SIDS["WS"]),
    worker_sid=st.just(SIDS["WK"]),
    url=texts,
)
workers = records(
    Worker,
    sid=st.just(SIDS["WK"]),
    available=st.booleans(),
    links=st.dictionaries(texts, json_values, max_size=2),
    **dict.fromkeys(("friendly_name", "attributes", "url", "activity_name"), texts),
    **dict.fromkeys(("date_created", "date_updated", "date_status_changed"), times),
)
page_metas = records(PageMeta, page=counts, page_size=counts, key=texts, next_page_url=texts)
anything = statistics | workers | cumulatives | activity_durations | page_metas


def read(payload, model):
    """Return the record and no problems, or None and the problems."""
    try:
        return structure(payload, model), ()
    except PayloadError as error:
        return None, error.problems


@given(anything)
def test_records_round_trip_as_plain_types(record):
    """A record written as plain JSON types is read back as an equal record."""
    assert structure(to_dict(record), type(record)) == record


@given(anything)
def test_records_round_trip_as_text(record):
    """A record written as JSON text is read back as an equal record."""
    assert structure(orjson.loads(to_json(record)), type(record)) == record


@given(anything)
def test_dict_and_text_agree(record):
    """The JSON text of a record is the text of its plain form."""
    assert orjson.loads(to_json(record)) == orjson.loads(orjson.dumps(to_dict(record)))


@given(anything)
def test_writing_is_stable(record):
    """Reading a written record and writing it again changes nothing."""
    plain = to_dict(record)
    assert to_dict(structure(plain, type(record))) == plain


@given(st.sampled_from(MODELS), json_values)
def test_any_json_becomes_a_record_or_a_payload_error(model, payload):
    """Any JSON becomes a record, or our error with its paths."""
    record, problems = read(payload, model)
    assert (type(record) is model) == (not problems)
    assert isinstance(payload, dict) or problems
    assert all(problem.startswith("$") for problem in problems)


@given(
    st.sampled_from(MODELS).flatmap(
        lambda model: st.tuples(
            st.just(model),
            st.fixed_dictionaries({}, optional={f.name: json_values for f in attrs.fields(model)}),
        )
    )
)
def test_any_value_in_a_known_field_is_read_or_named(pair):
    """Each unreadable field is named by its path, and no other error occurs."""
    model, payload = pair
    _, problems = read(payload, model)
    named = {re.match(r"\$\.(\w+)", problem)[1] for problem in problems}
    assert named <= payload.keys() | LEAST[model].keys()


@given(st.sampled_from(MODELS), st.data())
def test_unknown_keys_are_kept(model, data):
    """Keys without a field are in ``extra``, and at their place in the plain form."""
    unknown = data.draw(extras(model))
    record = structure({**unknown, **LEAST[model]}, model)
    assert record.extra == unknown
    assert {key: to_dict(record)[key] for key in unknown} == unknown


def test_unknown_keys_are_kept_at_every_level():
    """Unknown keys are kept at every level."""
    cumulative = {"b": 2, "activity_durations": [{"c": [3]}]}
    payload = {**LEAST[WorkerStatistics], "a": 1, "cumulative": cumulative}
    record = structure(payload, WorkerStatistics)
    assert record.extra == {"a": 1}
    assert record.cumulative.extra == {"b": 2}
    assert record.cumulative.activity_durations[0].extra == {"c": [3]}


def test_a_key_named_extra_is_an_unknown_key():
    """The JSON key "extra" does not replace the field of that name."""
    assert structure({**LEAST[Worker], "extra": 5}, Worker).extra == {"extra": 5}
    assert to_dict(Worker(sid=SIDS["WK"], extra={"extra": 5}))["extra"] == 5


def test_reading_does_not_change_the_payload():
    """The decoded JSON is unchanged after it was read."""
    payload = {"sid": SIDS["WK"], "news": 1, "links": {"a": "b"}, "url": 5, "available": "no"}
    before = copy.deepcopy(payload)
    structure(payload, Worker)
    assert payload == before


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_null_and_absent_are_the_same(model):
    """Nulls and absent keys make the same record, except for required fields."""
    names = {field.name for field in attrs.fields(model)} - {"extra", *LEAST[model]}
    empty = structure(LEAST[model], model)
    assert empty == structure({**dict.fromkeys(names), **LEAST[model]}, model)
    assert {getattr(empty, name) for name in names} == {None}
    assert empty.extra == {}


@given(st.integers(-(10**15), 10**15))
def test_counts_have_three_forms(number):
    """A count is the same as integer, as float and as text of either."""
    for form in (number, float(number), str(number), f"{number}.0", f"{number}e0"):
        found = structure({"reservations_created": form}, WorkerCumulative).reservations_created
        assert (found, type(found)) == (number, int)


@given(seconds)
def test_durations_have_two_forms(number):
    """A duration is the same as number and as text, and becomes a float."""
    for form in (number, repr(number)):
        found = structure({"total": form}, ActivityDuration).total
        assert (found, type(found)) == (number, float)


@given(st.integers(-(2**53), 2**53))
def test_whole_durations_are_floats(number):
    """A duration without a fraction is a float."""
    found = structure({"avg": number}, ActivityDuration).avg
    assert (found, type(found)) == (number, float)


@given(zoned)
def test_times_are_aware_utc(time):
    """A time with any offset becomes the same moment in UTC."""
    found = structure({**LEAST[Worker], "date_created": time.isoformat()}, Worker).date_created
    assert (found, found.tzinfo) == (time.astimezone(UTC), UTC)


@given(zoned)
def test_times_of_any_zone_are_written(time):
    """A record with a time of another zone is written and read as the same moment."""
    record = Worker(sid=SIDS["WK"], date_created=time)
    assert structure(to_dict(record), Worker).date_created == time.astimezone(UTC)


def test_a_time_without_offset_is_gmt():
    """A time without an offset is GMT, as Twilio documents."""
    found = structure({**LEAST[Worker], "date_created": "2026-01-02T03:04:05"}, Worker).date_created
    assert found == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_times_are_written_in_utc():
    """A time with another offset is written in UTC with a Z."""
    time = datetime(2026, 1, 1, 20, tzinfo=timezone(timedelta(hours=-5)))
    assert (
        to_dict(Worker(sid=SIDS["WK"], date_created=time))["date_created"] == "2026-01-02T01:00:00Z"
    )


@given(anything)
def test_the_plain_form_has_the_models_names(record):
    """The keys of the plain form are the fields' names and the unknown keys."""
    names = {field.name for field in attrs.fields(type(record))} - {"extra"}
    assert to_dict(record).keys() == names | record.extra.keys()


@attrs.frozen(eq=False, repr=False, kw_only=True)
class TaggedWorker(Worker):
    """A caller's class, with fields that the JSON may lack."""

    tags: list[str] = attrs.field(factory=lambda: ["none"])
    level: int | None = 5


@pytest.mark.parametrize(
    ("payload", "tags", "level", "extra"),
    [
        ({}, ["none"], 5, {}),
        ({"tags": ["a"], "level": 2}, ["a"], 2, {}),
        ({"tags": ["a"], "level": None}, ["a"], None, {}),
        ({"tags": None, "level": 2, "new": 1}, ["none"], 2, {"tags": None, "new": 1}),
    ],
)
def test_a_callers_class_keeps_its_defaults(payload, tags, level, extra):
    """A key that the JSON lacks leaves the default of a caller's class; an odd value is kept."""
    found = structure({**LEAST[Worker], **payload}, TaggedWorker)
    assert (found.tags, found.level, found.extra) == (tags, level, extra)
