"""What README promises in tables is what the package has."""

import re
from pathlib import Path

from taskrouter_stats.core.endpoints import ENDPOINTS

README = (Path(__file__).parent.parent / "README.md").read_text("utf-8")
SHORT = {"workspace_sid": "WS", "worker_sid": "WK", "task_queue_sid": "WQ", "workflow_sid": "WW"}


def test_every_operation_is_listed():
    """The table has a line for each operation, with its query and its model, and no other."""
    lines = re.findall(
        r"^\| `((?:GET|POST) /\S+)` \| `queries\.(\w+)`.* \| `(\w+)` \|$", README, re.MULTILINE
    )
    expected = []
    for row in ENDPOINTS.values():
        path = re.sub(r"\{(\w+)\}", lambda place: f"{{{SHORT[place[1]]}}}", row.path)
        line = (f"{row.method} {path.removeprefix('/v1')}", row.name, row.model.__name__)
        expected.append(line)
    assert sorted(lines) == sorted(expected)
    assert len(lines) == 24
