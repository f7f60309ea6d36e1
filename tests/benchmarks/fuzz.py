"""Random replies for 30 seconds: ``python -m tests.benchmarks.fuzz [SECONDS [SEED]]``.

The script changes bytes and values of real bodies of each statistic, of a resource and of a page,
and makes headers from pieces of dates and numbers. Each reply must give an error of the package, or
a value that is equal after it was written and read again. The converter's generated functions must
agree with cattrs. Anything else ends the script with a traceback and the reply. Equal seeds give
equal changes, but bodies contain the time of day.
"""

import asyncio
import json
import secrets
import sys
import time
from copy import deepcopy
from random import Random

import orjson

from taskrouter_stats import TaskRouterSession, errors, models, queries
from taskrouter_stats.core import rate_limit
from taskrouter_stats.core.endpoints import ENDPOINTS
from taskrouter_stats.core.paging import read_page
from taskrouter_stats.core.reply import Reply, decode_reply
from taskrouter_stats.simulator import Simulator
from tests.support.conversion_paths import read_both

SECONDS = 30
MOST_CHANGES = 4
STATUSES = (200,) * 8 + (201, 302, 400, 401, 403, 404, 429, 500, 503, 999)
TOKENS = (
    *(b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b"null", b"true", b"NaN", b"-0", b"1e999"),
    *(b"9" * 400, b"[" * 2_000, b'"\xff"', rb'"\ud800"', b'"\xed\xa0\x80"', b"\x00", b"0.5"),
    *(b'{"cumulative":', b'"extra":', b'"meta":', b'"avg":"1e5"', b"\xef\xbb\xbf"),
)
RUBBISH = (
    *(None, True, -1, 0.5, 2**63, 1e308, "", "12", "1e5", "9" * 50, "0x1", "1_0", "\u0664"),
    *("2026-02-30T00:00:00Z", "0000-01-01T00:00:00Z", "9999-12-31T23:59:59-14:00", "http://["),
    *([], {}, [[]], {"": None}),
)
NAMES = (
    *("x-rate-limit-limit", "x-rate-limit-remaining", "x-rate-limit-config", "retry-after"),
    *("date", "twilio-concurrent-requests", "twilio-request-id", "content-type"),
)
PIECES = (
    *("1", "-", "+", ".", "e", "999", "1e999", "NaN", "inf", " ", "_", ",", ":", "Wed, ", "31 "),
    *("Feb ", "2026 ", "9999 ", "10000 ", "23:59:60", " GMT", " -9999", "\x00", "\u0664", "\udcff"),
    "0" * 40,
    "Wed, 21 Oct 2026 07:28:00 GMT",
)


async def samples():
    """Return a listing, and a real body of each operation."""
    async with (
        Simulator(3, window="none", latency=0) as simulator,
        TaskRouterSession(simulator.credentials, base_url=simulator.base_url) as session,
    ):
        workspace = simulator.workspace_sid
        listed = [
            models.to_dict(worker) async for worker in session.iterate(queries.workers(workspace))
        ]
        flows = [workflow.sid async for workflow in session.iterate(queries.workflows(workspace))]
        queues = [queue.sid async for queue in session.iterate(queries.task_queues(workspace))]
        sids = {"worker": listed[0]["sid"], "workflow": flows[0], "task_queue": queues[0]}
        sids |= {"task_queues_bulk": queues}
        found = {}
        for name in ENDPOINTS:
            kind = name.removesuffix("_statistics").removesuffix("_real_time")
            kind = kind.removesuffix("_cumulative")
            if not ENDPOINTS[name].items:
                place = (workspace, sids[kind]) if kind in sids else (workspace,)
                query = getattr(queries, name)(*place)
                query = query[0] if isinstance(query, list) else query
                found[name] = models.to_json(await session.fetch(query))
        found["workers"] = orjson.dumps(
            {"workers": listed, "meta": {"next_page_url": None, "key": "workers", "page": 0}}
        )
        return queries.workers(workspace), found


class Fuzz:
    """A generator and reader of random replies."""

    def __init__(self, seed, listing, found):
        self.random = Random(seed)
        self.listing, self.found = listing, found
        self.bodies = list(found.values())

    def bent(self, body):
        """Return a body with some bytes removed, doubled, changed or from another body."""
        random, body = self.random, bytearray(body)
        for _ in range(random.randint(0, MOST_CHANGES)):
            start = random.randrange(len(body) + 1)
            end = min(len(body), start + random.choice((0, 1, 1, 8, 200)))
            other = random.choice(self.bodies)
            at = random.randrange(len(other))
            body[start:end] = random.choice(
                (
                    b"",
                    random.choice(TOKENS),
                    random.randbytes(3),
                    body[start:end] * 2,
                    other[at : at + 90],
                )
            )
        return bytes(body)

    def misfilled(self, body):
        """Return a body with invalid values in place of some values."""
        random, tree = self.random, orjson.loads(body)
        for _ in range(random.randint(1, MOST_CHANGES)):
            place = tree
            while isinstance(place, (dict, list)) and place:
                keys = list(place) if isinstance(place, dict) else range(len(place))
                key = random.choice(keys)
                if isinstance(place[key], (dict, list)) and place[key] and random.random() < 0.8:
                    place = place[key]
                    continue
                place[key] = deepcopy(random.choice(RUBBISH))
                break
        return json.dumps(tree).encode()

    def case(self):
        """Return an operation's name and a random reply."""
        random = self.random
        name, body = random.choice(list(self.found.items()))
        make = random.choice((self.bent, self.misfilled, lambda _: random.randbytes(40)))
        headers = {
            header: "".join(random.choices(PIECES, k=random.randrange(9)))
            for header in random.sample(NAMES, random.randrange(len(NAMES)))
        }
        return name, Reply(random.choice(STATUSES), headers, make(body))

    def structured(self, payload, model):
        """Return the record of a payload, after a comparison of the converter's two paths."""
        fast, detailed = read_both(payload, model)
        assert fast == detailed
        return models.structure(payload, model)

    def read(self, name, reply):
        """Read a reply as a session does; return whether it gave a value."""
        reported = rate_limit.parse_headers(reply.headers)
        numbers = (
            reported.limit,
            reported.remaining,
            reported.retry_after,
            reported.concurrent_requests,
        )
        assert all(number is None or abs(number) < float("inf") for number in numbers)
        assert reported.retry_after is None or reported.retry_after >= 0
        try:
            payload = decode_reply(reply, reported)
            if name == "workers":
                payload = read_page(self.listing, payload).items
                values = [self.structured(item, models.Worker) for item in payload]
            else:
                values = [self.structured(payload, ENDPOINTS[name].model)]
        except (errors.PayloadError, errors.ApiError) as error:
            str(error)
            return False
        for value in values:
            assert models.structure(orjson.loads(models.to_json(value)), type(value)) == value
        return True


def main(seconds, seed):
    """Fuzz for this many seconds and print the counts."""
    fuzz, cases, values = Fuzz(seed, *asyncio.run(samples())), 0, 0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        name, reply = fuzz.case()
        cases += 1
        try:
            values += fuzz.read(name, reply)
        except BaseException:
            print(f"seed {seed}, case {cases:,}: {name}, {reply!r}", flush=True)
            raise
    print(f"seed {seed}: {cases:,} replies, {values:,} values, the others errors of the package")


if __name__ == "__main__":
    main(
        float(sys.argv[1]) if sys.argv[1:] else SECONDS,
        int(sys.argv[2]) if sys.argv[2:] else secrets.randbelow(2**32),
    )
