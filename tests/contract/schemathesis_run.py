"""Hold the simulator against the description: no 5xx, and every 200 body conforms.

::

    TASKROUTER_OPENAPI=… python tests/contract/schemathesis_run.py [examples per operation]

Needs ``schemathesis`` 4 in the same environment, which loads this file once more for its hooks.
A quarter of the values are sent as they were made up; in the others SIDs and parameters are
replaced by ones that the simulated workspace knows, so that there are successes to look at.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

from taskrouter_stats.simulator import Simulator, World
from taskrouter_stats.simulator.server.resources import iso

HERE = Path(__file__).resolve()
CHECKS = "not_a_server_error,response_schema_conformance"
KNOWN = "SIMULATED_WORKSPACE"


def repaired(known: dict[str, Any], values: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return parameters of which those that are there are plausible."""
    if not values:
        return values
    values = {name: known.get(name, value) for name, value in values.items()}
    if "StartDate" in values or "EndDate" in values:
        values.pop("Minutes", None)
    return {name: value for name, value in values.items() if name not in {"Page", "PageToken"}}


def register(known: dict[str, Any]) -> None:
    """Give schemathesis its hooks."""
    import schemathesis  # noqa: PLC0415 - only the process that makes requests has it

    def sometimes(repair: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
        def hook(context: Any, value: Any) -> Any:
            return repair(context, value) if zlib.crc32(repr(value).encode()) % 4 else value

        return hook

    def path(context: Any, values: Any) -> Any:
        name = "WorkerSid" if "/Workers/" in context.operation.path else "WorkspaceSid"
        own = {**known, "Sid": known[name]}
        return repaired(own, values)

    def query(_context: Any, values: Any) -> Any:
        return repaired(known, values)

    def body(_context: Any, _value: Any) -> Any:
        return {"queueSids": [known["TaskQueueSid"], "WQ" + "0" * 32]}

    for name, repair in (("map_path_parameters", path), ("map_query", query), ("map_body", body)):
        schemathesis.hook(name)(sometimes(repair))


def known_to(world: World) -> dict[str, Any]:
    """Return plausible parameters by their names."""
    ago = {"StartDate": 50_000, "EndDate": 9_000}
    return {
        **{name: iso(int(time.time()) - seconds) for name, seconds in ago.items()},
        "WorkspaceSid": world.workspace_sid,
        "WorkerSid": world.workers[3].sid,
        "TaskQueueSid": world.task_queues[0].sid,
        "TaskQueueName": "Billing",
        "WorkflowSid": world.workflows[0].sid,
        "ActivitySid": world.activities[1].sid,
        "ActivityName": "Available",
        "Minutes": 480,
        "TaskChannel": "voice",
        "SplitByWaitTime": "5,30",
        "PageSize": 3,
        "FriendlyName": "Billing",
        "Ordering": "FriendlyName:desc",
        "TargetWorkersExpression": 'skills HAS "billing" OR site == "Austin"',
        "EvaluateWorkerAttributes": 'skills HAS "sales"',
    }


async def main(description: str, examples: int, folder: str) -> int:
    """Serve a small workspace and run schemathesis against it; return its exit code."""
    async with Simulator(workers=40, window="none", latency=0) as simulator:
        hooks = {
            "PYTHONPATH": os.pathsep.join([str(HERE.parent), *filter(None, sys.path)]),
            "SCHEMATHESIS_HOOKS": HERE.stem,
            KNOWN: json.dumps(known_to(simulator.world)),
        }
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "schemathesis.cli", "run", description),
            *("--url", simulator.base_url, "--auth", ":".join(simulator.auth)),
            *("--checks", CHECKS, "--phases", "examples,coverage,fuzzing"),
            *("--max-examples", str(examples), "--workers", "1", "--seed", "1"),
            *("--warnings", "off", "--no-color"),
            cwd=folder,
            env={**os.environ, **hooks},
        )
        code = await process.wait()
        for key, counts in sorted(simulator.counters.by_key.items()):
            print(f"{key:45} {counts.requests:5} requests {counts.succeeded:5} succeeded")
        return code


if KNOWN in os.environ:
    register(json.loads(os.environ[KNOWN]))
elif __name__ == "__main__":
    given = int(sys.argv[1]) if len(sys.argv) > 1 else 50
    description = str(Path(os.environ["TASKROUTER_OPENAPI"]).resolve())
    with tempfile.TemporaryDirectory() as folder:  # what schemathesis keeps isn't wanted here
        raise SystemExit(asyncio.run(main(description, given, folder)))
