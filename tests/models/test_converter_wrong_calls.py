"""What is no model, and the exact words with which it is refused."""

from taskrouter_stats import models, queries
from taskrouter_stats.errors import InvalidParameter
from tests.support.wrong_calls import refused, rows, same


@rows(
    (
        "a query",
        lambda: models.to_dict(queries.workspaces()),
        InvalidParameter,
        "value='Listing': a model is expected, such as outcome.unwrap()",
    ),
    (
        "a number",
        lambda: models.to_json(5),
        InvalidParameter,
        "value='int': a model is expected, such as outcome.unwrap()",
    ),
    (
        "nothing",
        lambda: models.to_dict(None),
        InvalidParameter,
        "value='NoneType': a model is expected, such as outcome.unwrap()",
    ),
    (
        "queries in a list",
        lambda: models.to_json([queries.workspaces()]),
        InvalidParameter,
        "value='Listing': a model is expected, such as outcome.unwrap()",
    ),
)
async def test_what_is_no_model_is_refused_in_these_words(call, error, says):
    """Only models have the JSON's own names."""
    assert same(await refused(call), error, says)
