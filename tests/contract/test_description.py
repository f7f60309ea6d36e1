"""The table of operations against Twilio's own description of the API.

The environment variable ``TASKROUTER_OPENAPI`` names the description, a file of the repository
``twilio/twilio-oai``; without it these tests are skipped.
"""

import inspect
import json
import os
import re
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, get_args, get_origin
from urllib.parse import urlsplit

import attrs
import pytest

from taskrouter_stats import Window, models, queries
from taskrouter_stats.core.endpoint import SID_PREFIXES
from taskrouter_stats.core.endpoints import ENDPOINTS
from taskrouter_stats.core.paging import read_page
from taskrouter_stats.core.request import build_request
from taskrouter_stats.models import PageMeta
from taskrouter_stats.models.record import NOT_JSON
from taskrouter_stats.models.sids import KINDS, check_sid

VARIABLE = "TASKROUTER_OPENAPI"
WINDOW = {"Minutes", "StartDate", "EndDate"}
PAGING = {"PageSize", "PageToken"}
NEVER_SENT = {"Page"}
"""Twilio: "Don't use the page query parameter" (docs/taskrouter/api/worker)."""
NO_TEXT = {"Available", "SplitByWaitTime"}
"""Described as text, and taken as what they mean: a boolean, and a list of seconds."""
MEASURES = re.compile(r"avg_.*|.*_age(_in_queue)?|.*_percentage").fullmatch
"""Described as integers, and shown with fractions or 0.0 in the examples: seconds, percent."""
NEVER_NONE = {"sid", "workspace_sid", "worker_sid", "task_queue_sid", "workflow_sid",
              "cumulative", "realtime", "task_queue_data"}  # fmt: skip
"""What names an answer, and the parts that it exists for."""
ABSOLUTE = Window.day(date(2026, 1, 1), tz="UTC")
each_row = pytest.mark.parametrize("row", ENDPOINTS.values(), ids=lambda row: row.name)


@pytest.fixture(scope="module")
def description():
    """Return the description, or skip with the sentence that says what is missing."""
    if not os.environ.get(VARIABLE):
        pytest.skip(f"{VARIABLE} names no OpenAPI file: the contract with it is not checked")
    return json.loads(Path(os.environ[VARIABLE]).read_text("utf-8"))


@pytest.fixture
def operation(description, row):
    """Return the description's operation for a row, found by path and method."""
    return found(description, row)[1]


def shape(path):
    """Return a path without the names of its places."""
    return re.sub(r"\{\w+\}", "{}", path)


def found(description, row):
    """Return path and operation of a row in the description."""
    paths = [path for path in description["paths"] if shape(path) == shape(row.path)]
    assert len(paths) == 1, f"{row.path} is described {len(paths)} times"
    return paths[0], description["paths"][paths[0]][row.method.lower()]


def parameters(operation, place):
    """Return an operation's parameters of that place, by name."""
    return {p["name"]: p for p in operation.get("parameters", []) if p["in"] == place}


def resolved(description, schema):
    """Return a schema with its reference followed."""
    if "$ref" in schema:
        return description["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return schema


def answer(operation):
    """Return the JSON content of an operation's success."""
    (status,) = [status for status in operation["responses"] if status.startswith("2")]
    return operation["responses"][status]["content"]["application/json"]


def item_schema(description, row, operation):
    """Return the schema of what one answer or one item of a list is."""
    schema = resolved(description, answer(operation)["schema"])
    if row.items:
        schema = resolved(description, schema["properties"][row.items]["items"])
    return schema


def examples(operation):
    """Return the bodies that the description shows as examples."""
    return [example["value"] for example in answer(operation).get("examples", {}).values()]


def extras(value):
    """Yield every unknown key of a record and of what it holds."""
    if isinstance(value, (tuple, dict)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from extras(item)
    elif attrs.has(type(value)):
        yield from value.extra
        for field in attrs.fields(type(value)):
            yield from extras(getattr(value, field.name))


def without_nulls(value):
    """Return JSON with absent for null."""
    if isinstance(value, dict):
        return {key: without_nulls(one) for key, one in value.items() if one is not None}
    return [without_nulls(one) for one in value] if isinstance(value, list) else value


def sample(row):
    """Return a question of that row."""
    constructor = getattr(queries, row.name)
    places = re.findall(r"\{(\w+)\}", row.path)
    sids = [SID_PREFIXES[place] + "a" * 32 for place in places]
    if row.method == "POST":
        (question,) = constructor(*sids, ["WQ" + "a" * 32])
        return question
    return constructor(*sids)


@each_row
def test_operations_are_described(description, row):
    """Each row's path and method are an operation of the description."""
    path, operation = found(description, row)
    assert path.startswith("/v1/")
    assert operation["responses"]


@each_row
def test_places_of_a_path_ask_for_the_same_sids(description, row):
    """Each place of a path takes the kind of SID that the description's pattern names."""
    path, operation = found(description, row)
    described = parameters(operation, "path")
    theirs = [described[name]["schema"]["pattern"] for name in re.findall(r"\{(\w+)\}", path)]
    ours = [
        f"^{SID_PREFIXES[name]}[0-9a-fA-F]{{32}}$" for name in re.findall(r"\{(\w+)\}", row.path)
    ]
    assert ours == theirs


@each_row
def test_every_parameter_is_offered(row, operation):
    """A row offers the described parameters, page numbers left out, and no other."""
    offered = {rule.parameter for rule in row.filters.values()}
    offered |= WINDOW if row.windowed else set()
    offered |= PAGING if row.items else set()
    assert offered == parameters(operation, "query").keys() - NEVER_SENT


@each_row
def test_sid_filters_are_those_with_a_pattern(row, operation):
    """A filter checks for a SID where the description has its pattern, and of that kind."""
    described = parameters(operation, "query")
    for name, rule in row.filters.items():
        pattern = described[rule.parameter]["schema"].get("pattern")
        for prefix in KINDS:
            sid = prefix + "a" * 32
            fits = pattern is None or bool(re.match(pattern, sid))
            assert takes(rule, name, sid) == (fits and rule.parameter not in NO_TEXT)


def takes(rule, name, value):
    """Tell whether a filter takes a value."""
    try:
        return rule.encode(name, value) == value
    except ValueError:
        return False


@each_row
def test_what_is_sent_is_described(row, operation):
    """A request's path and parameters are those of the description, in both kinds of window."""
    described = parameters(operation, "query").keys()
    question = sample(row)
    asked = [question, question.with_window(ABSOLUTE)] if row.windowed else [question]
    for each in asked:
        query = urlsplit(build_request(each, "AC").target).query
        assert {part.partition("=")[0] for part in query.split("&") if part} <= described


@each_row
def test_window_is_all_or_nothing(row, operation):
    """A row takes a window exactly when the description has its three parameters."""
    assert row.windowed == (parameters(operation, "query").keys() >= WINDOW)


@each_row
def test_page_sizes(row, operation):
    """A list's smallest and largest page are the description's."""
    if row.items:
        size = parameters(operation, "query")["PageSize"]["schema"]
        assert (size["minimum"], size["maximum"]) == (1, 1000)
        assert inspect.signature(getattr(queries, row.name)).parameters["page_size"].default == 1000


@each_row
def test_models_have_every_described_property(description, row, operation):
    """Each property of the description has a field, and the model adds none of its own."""
    described = item_schema(description, row, operation)["properties"].keys()
    fields = {f.name for f in attrs.fields(row.model) if f.metadata != NOT_JSON} - {"extra"}
    alone = {"url"} if row.name == "task_queues_statistics" else set()  # items of the list lack it
    assert fields - alone == described


def kinds_of(annotation):
    """Return the types that a field may hold, and the prefix of its SID or None."""
    if isinstance(annotation, type) or get_origin(annotation) in {tuple, Mapping}:
        return {getattr(annotation, "__name__", "")}, None
    if get_origin(annotation) is Annotated:
        kind, sid = get_args(annotation)
        return {kind.__name__}, sid.prefix
    parts = [kinds_of(part) for part in get_args(annotation)]
    prefixes = [prefix for _, prefix in parts if prefix is not None]
    return set().union(*(names for names, _ in parts)), next(iter(prefixes), None)


@each_row
def test_types_are_the_described_ones(description, row, operation):
    """Every property is read as its type and its kind of SID, and only names are never None."""
    types = {"string": "str", "boolean": "bool", "integer": "int", "number": "float"}
    attrs.resolve_types(row.model)
    for name, schema in item_schema(description, row, operation)["properties"].items():
        found = getattr(attrs.fields(row.model), name)
        kinds, prefix = kinds_of(found.type)
        wanted = types.get(schema.get("type"))
        wanted = "float" if wanted == "int" and MEASURES(name) else wanted
        wanted = "datetime" if schema.get("format") == "date-time" else wanted
        assert ("NoneType" in kinds) == (found.default is not attrs.NOTHING)
        assert "NoneType" in kinds or name in NEVER_NONE
        assert wanted is None or wanted in kinds
        pattern = schema.get("pattern")
        assert pattern in {None, f"^{prefix}[0-9a-fA-F]{{32}}$"}
        assert (prefix is None) == (pattern is None)


@each_row
def test_examples_are_understood(row, operation):
    """Every example becomes records that know all of its keys, and becomes itself again."""
    bodies = examples(operation)
    assert bodies
    for body in bodies:
        items = body[row.items] if row.items else [body]
        for item in items:
            record = models.structure(item, row.model)
            assert list(extras(record)) == []
            assert without_nulls(json.loads(models.to_json(record))) == without_nulls(item)


@each_row
def test_example_pages_are_understood(row, operation):
    """Every example page ends its list, and all of its meta object is known."""
    for body in examples(operation) if row.items else []:
        assert read_page(sample(row), body).items == body[row.items]
        assert read_page(sample(row), body).next_target is None
        assert models.structure(body["meta"], PageMeta).extra == {}


@each_row
def test_every_page_property_is_known(description, row, operation):
    """The meta object has the described properties and no other."""
    if row.items:
        schema = resolved(description, answer(operation)["schema"])["properties"]["meta"]
        fields = {field.name for field in attrs.fields(PageMeta)} - {"extra"}
        assert fields == schema["properties"].keys()


def test_sids_are_the_described_ones(description):
    """Every kind of SID that a path asks for is one that this package checks the same way."""
    text = json.dumps(description["paths"])
    kinds = set(re.findall(r"\^([A-Z]{2})\[0-9a-fA-F\]\{32\}\$", text))
    assert set(SID_PREFIXES.values()) <= kinds
    assert all(check_sid("sid", kind + "f" * 32, kind) for kind in kinds & KINDS.keys())


def test_the_rate_limit_headers_are_text(description):
    """Nothing is described of the three headers but their names, so nothing is relied on."""
    for row in ENDPOINTS.values():
        _, operation = found(description, row)
        (status,) = operation["responses"]
        headers = operation["responses"][status]["headers"]
        for name in ("Limit", "Remaining", "Config"):
            assert headers[f"X-Rate-Limit-{name}"] == {"schema": {"type": "string"}}
