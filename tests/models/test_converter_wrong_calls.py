"""Values that are not models, and the error that refuses them."""

from taskrouter_stats import models, queries
from taskrouter_stats.errors import InvalidParameter
from tests.support.wrong_calls import refused, rows, same

RULE = "expected a model, such as outcome.unwrap()"


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
        "queries in a list",
        lambda: models.to_json([queries.workspaces()]),
        InvalidParameter,
        f"value='Listing': {RULE}",
    ),
)
async def test_only_models_become_json(call, error, says):
    """A value that is not a model is refused, and the error names its type."""
    assert same(await refused(call), error, says)
