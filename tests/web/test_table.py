"""One page of a table: searched, filtered and sorted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.web.table import TableView

ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "sid": st.text("WK01", min_size=3, max_size=5),
            "name": st.text(max_size=4),
            "activity": st.sampled_from(["Available", "Break"]),
            "seconds": st.none() | st.integers(0, 9),
        }
    ),
    max_size=12,
)
COLUMNS = ("name", "activity", "seconds")


@given(ROWS, st.sampled_from(["name", "-name", "seconds", "-seconds"]), st.integers(1, 7))
def test_pages_are_the_rows(rows, sort, size):
    """The pages together hold each row once, in order, and rows without a value come last."""
    view = TableView.read({"sort": sort, "size": str(size)}, COLUMNS)
    pages = view.show(rows)["pages"]
    shown = [
        row
        for page in range(1, pages + 1)
        for row in TableView.read(
            {"sort": sort, "size": str(size), "page": str(page)}, COLUMNS
        ).show(rows)["rows"]
    ]
    assert sorted(map(id, shown)) == sorted(map(id, rows))
    values = [row[sort.removeprefix("-")] for row in shown]
    known = [value for value in values if value is not None]
    assert values[: len(known)] == known
    keys = [value.casefold() if isinstance(value, str) else value for value in known]
    assert keys == sorted(keys, reverse=sort.startswith("-"))


@given(ROWS, st.text(max_size=3), st.sampled_from(["", "Break"]))
def test_found_rows_match(rows, text, activity):
    """A row is found when its name contains the text and its Activity is the chosen one."""
    view = TableView.read({"q": text, "activity": activity, "size": "200"}, COLUMNS)
    wanted = text.strip().casefold()
    expected = [
        row
        for row in rows
        if (wanted in row["name"].casefold() or wanted == row["sid"].casefold())
        and activity in {"", row["activity"]}
    ]
    assert sorted(map(id, view.show(rows)["rows"])) == sorted(map(id, expected))


@pytest.mark.parametrize(
    "given",
    [
        {"sort": "secret", "page": "-1", "size": "0"},
        {"sort": "--name", "page": "x", "size": "1e9"},
        {"page": "9" * 5000, "size": "٣"},
        {"q": "x" * 10**6, "page": "", "size": ""},
    ],
)
def test_wrong_parameters_are_harmless(given):
    """Parameters that are not valid give a page with bounds that are."""
    view = TableView.read(given, COLUMNS)
    assert view.sort == "name"
    assert 1 <= view.size <= 200
    assert len(view.text) <= 100
    assert view.show([])["page"] == 1
