"""Values that are not models, and the error that refuses them."""

from functools import reduce

from taskrouter_stats import models, queries
from taskrouter_stats.errors import InvalidParameter
from tests.support.wrong_calls import refused, rows, same

RULE = "expected a model, such as outcome.unwrap()"
DEEP = reduce(lambda inner, _: [inner], range(900), "x")
WRITABLE = "expected values in extra= that can be written as JSON text"


@rows(
    (
        "a query",
        lambda: models.to_dict(queries.workspaces()),
        InvalidParameter,
        f"value='Listing': {RULE}",
    ),
    ("a number", lambda: models.to_json(5), InvalidParameter, f"value='int': {RULE}"),
    ("nothing", lambda: models.to_dict(None), InvalidParameter, f"value='NoneType': {RULE}"),
    (
        "a key nested 900 deep",
        lambda: models.to_json(models.Workspace(sid="WS" + "1" * 32, extra={"new": DEEP})),
        InvalidParameter,
        f"value='Workspace': {WRITABLE} (Recursion limit reached)",
    ),
    (
        "queries in a list",
        lambda: models.to_json([queries.workspaces()]),
        InvalidParameter,
        f"value='Listing': {RULE}",
    ),
)
async def test_only_models_become_json(call, error, says):
    """A value that is not a model, or that JSON can't hold, is refused, and its type is named."""
    assert same(await refused(call), error, says)
