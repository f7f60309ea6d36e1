"""Executing one request: permit, send, retries, counters."""

import asyncio

import pytest

from taskrouter_stats import RetryPolicy, errors
from taskrouter_stats.session import executor
from tests.support.fakes import (
    REQUEST_ID,
    FakeTransport,
    Script,
    limits,
    reply,
    session_over,
    statistics,
    trouble,
    worker_query,
)
from tests.support.virtual import now, settle, virtual


@pytest.fixture
def full_jitter(monkeypatch):
    """Make every random number the largest, so that each wait is the longest of its range."""
    monkeypatch.setattr(executor.random, "random", lambda: 1.0)


async def fetched(*answers, **options):
    """Fetch one worker from a scripted server; return the outcome and the transport."""
    transport = FakeTransport(Script(*answers), latency=0)
    async with session_over(transport, **options) as session:
        [outcome] = await session.collect([worker_query(1)])
    return outcome, transport


class TestAttempts:
    """Which failures are retried, and when."""

    @pytest.mark.parametrize(
        "failure",
        [
            *(trouble(status) for status in (408, 500, 502, 503, 504)),
            errors.TimedOut(30),
            errors.ConnectionFailed("refused"),
        ],
        ids=repr,
    )
    @virtual
    async def test_a_temporary_failure_is_retried(self, failure):
        """A temporary failure is followed by a second attempt, which succeeds."""
        outcome, transport = await fetched(failure)
        assert outcome.unwrap()
        assert (outcome.meta.attempts, outcome.meta.refused) == (2, 0)
        assert len(transport.sent) == 2

    @pytest.mark.parametrize(
        "failure", [*(trouble(status) for status in (301, 400, 404, 410, 501)), reply(200, b"<")]
    )
    @virtual
    async def test_a_permanent_failure_is_not_retried(self, failure):
        """A failure that would repeat ends the query after one attempt."""
        outcome, transport = await fetched(failure)
        assert isinstance(outcome.error, (errors.ApiError, errors.PayloadError))
        assert (outcome.meta.attempts, len(transport.sent)) == (1, 1)

    @virtual
    async def test_waits_double_up_to_the_cap(self, full_jitter):
        """The longest waits are base, 2 base, 4 base and so on, up to cap."""
        policy = RetryPolicy(attempts=6, base=1, cap=5)
        _, transport = await fetched(*[trouble(503)] * 5, retry=policy)
        gaps = [b - a for a, b in zip(transport.times, transport.times[1:], strict=False)]
        assert gaps == pytest.approx([1, 2, 4, 5, 5])

    @virtual
    async def test_jitter_is_full(self, monkeypatch, simple_throttle):
        """A random number of 0 means no wait."""
        monkeypatch.setattr(executor.random, "random", lambda: 0.0)
        await fetched(*[trouble(503)] * 4)
        assert now() == 0

    @virtual
    async def test_attempts_are_bounded(self):
        """After ``policy.attempts`` attempts the outcome is the last error, with that number."""
        outcome, transport = await fetched(*[trouble(503)] * 9, retry=RetryPolicy(attempts=3))
        assert isinstance(outcome.error, errors.ServerError)
        assert outcome.error.attempts == outcome.meta.attempts == len(transport.sent) == 3

    @virtual
    async def test_time_is_bounded(self, full_jitter):
        """No attempt starts later than max_elapsed seconds."""
        policy = RetryPolicy(attempts=50, base=2, cap=2, max_elapsed=5)
        outcome, transport = await fetched(*[trouble(503)] * 49, retry=policy)
        assert isinstance(outcome.error, errors.ServerError)
        assert len(transport.sent) == 3
        assert now() == 4

    @virtual
    async def test_waiting_for_a_permit_does_not_count(self, full_jitter):
        """A long pause of the budget does not count towards max_elapsed."""
        policy = RetryPolicy(base=1, max_elapsed=5)
        outcome, _ = await fetched(trouble(429, retry_after=50), trouble(503), retry=policy)
        assert outcome.unwrap()
        assert now() == 51


def other(_):
    """Return the answer for another worker."""
    return reply(200, {"worker_sid": worker_query(77).sid})


def reused(error):
    """Return the failure of a connection that had been used before."""
    error.on_reused_connection = True
    return error


class TestIdentity:
    """A reply that answers another query."""

    @virtual
    async def test_an_answer_to_another_query_is_retried(self):
        """The connections are dropped first, so that the retry uses a new one."""
        outcome, transport = await fetched(other)
        assert outcome.unwrap().worker_sid == worker_query(1).sid
        assert (outcome.meta.attempts, transport.dropped) == (2, 1)

    @virtual
    async def test_answers_to_other_queries_end_as_a_failure(self):
        """If all attempts bring other queries' answers, the outcome is the last error."""
        outcome, transport = await fetched(*[other] * 3, retry=RetryPolicy(attempts=3))
        assert isinstance(outcome.error, errors.PayloadError)
        assert outcome.error.for_other_query
        assert outcome.error.request_id == outcome.meta.request_id == REQUEST_ID
        assert len(transport.sent) == transport.dropped == 3

    @virtual
    async def test_such_answers_earn_no_retries(self):
        """Other queries' answers earn no retries, so a server that sends only them gets few."""
        transport = FakeTransport(other, latency=0)
        async with session_over(transport) as session:
            outcomes = await session.collect([worker_query(number) for number in range(100, 500)])
        assert {type(outcome.error) for outcome in outcomes} == {errors.PayloadError}
        assert len(transport.sent) == 400 + 200


class TestReusedConnections:
    """Sends that fail on connections that had been used before."""

    @virtual
    async def test_they_do_not_open_the_circuit(self, full_jitter):
        """Fifty in a row open no circuit, cause no wait and end with their own error."""
        transport = FakeTransport(lambda _: reused(errors.ConnectionFailed("reset")), latency=0)
        async with session_over(transport, retry=RetryPolicy(attempts=2)) as session:
            for number in range(50):
                with pytest.raises(errors.ConnectionFailed):
                    await session.fetch(worker_query(number))
            began = now()
            transport.answer = Script(reused(errors.TimedOut(30)))
            success = await session.fetch_with_meta(worker_query(1))
            assert now() == began
        assert success.meta.attempts == 2

    @virtual
    async def test_an_untrusted_certificate_does_not_open_the_circuit(self):
        """A server with an untrusted certificate answers, so it does not count as down."""
        transport = FakeTransport(lambda _: errors.UntrustedCertificate("odd"), latency=0)
        async with session_over(transport) as session:
            for number in range(30):
                with pytest.raises(errors.UntrustedCertificate):
                    await session.fetch(worker_query(number))
        assert len(transport.sent) == 30


class TestRefusals:
    """A 429 is not an attempt: the request waits only for the budget's pause."""

    @virtual
    async def test_they_are_not_attempts(self, full_jitter):
        """429s use no attempt and add no wait to the pauses."""
        refusals = [trouble(429, retry_after=3)] * 4
        outcome, transport = await fetched(*refusals, retry=RetryPolicy(attempts=1))
        assert outcome.unwrap()
        assert (outcome.meta.attempts, outcome.meta.refused) == (1, 4)
        assert [at - transport.times[0] for at in transport.times] == [0, 3, 6, 9, 12]

    @virtual
    async def test_they_are_bounded(self):
        """After ``policy.refusals`` 429s the outcome is RateLimited, with the server's headers."""
        refusal = trouble(429, 20429, retry_after=2, **limits(50, 0))
        outcome, transport = await fetched(*[refusal] * 9, retry=RetryPolicy(refusals=3))
        error = outcome.error
        assert isinstance(error, errors.RateLimited)
        assert (error.limit, error.remaining, error.retry_after) == (50, 0, 2)
        assert (error.code, error.attempts) == (20429, 0)
        assert (outcome.meta.refused, len(transport.sent)) == (3, 3)

    @virtual
    async def test_mixed_with_failures(self, full_jitter):
        """Attempts and 429s are counted apart, and the run counts both."""
        transport = FakeTransport(
            Script(
                trouble(503),
                trouble(429, retry_after=1),
                trouble(429, retry_after=1),
                errors.TimedOut(1),
            ),
            latency=0.25,
        )
        async with (
            session_over(transport) as session,
            session.stream([worker_query(1)]) as outcomes,
        ):
            [outcome] = [outcome async for outcome in outcomes]
            progress = outcomes.progress
        assert (outcome.meta.attempts, outcome.meta.refused) == (3, 2)
        assert (progress.retried, progress.refused, progress.done) == (2, 2, 1)
        waits = 0.1 + 1 + 1 + 0.2
        assert outcome.meta.elapsed == pytest.approx(waits + 5 * 0.25)

    @virtual
    async def test_a_refused_request_goes_first(self):
        """After the pause the refused request is sent before others that waited."""
        transport = FakeTransport(Script(trouble(429, retry_after=5)))
        async with session_over(transport, max_in_flight=5) as session:
            await session.collect([worker_query(number) for number in range(4)])
        assert transport.numbers == [0, 0, 1, 2, 3]


class TestMaxWait:
    """The wait for permits over all attempts."""

    @virtual
    async def test_over_all_attempts(self):
        """Two waits that are each short enough but together too long raise PaceError at once."""
        transport = FakeTransport(Script(*[trouble(429, retry_after=4)] * 3), latency=0)
        async with session_over(transport) as session:
            with pytest.raises(errors.PaceError) as caught:
                await session.fetch(worker_query(1), max_wait=7)
        assert now() == 4
        assert (caught.value.max_wait, caught.value.retry_after) == (7, 4)
        assert caught.value.__cause__ is None

    @virtual
    async def test_the_session_sets_the_default(self):
        """A fetch without max_wait uses the session's; None removes the limit."""
        transport = FakeTransport(Script(trouble(429, retry_after=30)))
        async with session_over(transport, max_wait=2) as session:
            with pytest.raises(errors.PaceError):
                await session.fetch(worker_query(1))
            assert now() < 1
            assert await session.fetch(worker_query(1), max_wait=None)
            assert now() >= 30

    @virtual
    async def test_zero(self):
        """With max_wait=0 a refused request is not retried."""
        transport = FakeTransport(Script(trouble(429, retry_after=30)), latency=0)
        async with session_over(transport) as session:
            with pytest.raises(errors.PaceError):
                await session.fetch(worker_query(1), max_wait=0)
        assert now() == 0


class TestMeta:
    """The metadata of an outcome."""

    @virtual
    async def test_of_a_success(self):
        """Status, headers and request ID are the reply's; elapsed covers all attempts."""
        transport = FakeTransport(lambda r: statistics(r, **limits(40, 39)), latency=0.5)
        async with session_over(transport) as session:
            meta = (await session.fetch_with_meta(worker_query(1))).meta
        assert (meta.status, meta.request_id) == (200, REQUEST_ID)
        assert (meta.rate_limit.limit, meta.rate_limit.remaining) == (40, 39)
        assert (meta.attempts, meta.refused, meta.elapsed) == (1, 0, 0.5)

    @virtual
    async def test_of_no_reply(self):
        """If the last attempt got no reply, the metadata holds nothing of an earlier reply."""
        outcome, _ = await fetched(
            trouble(503, **limits(5, 5)), errors.TimedOut(30), retry=RetryPolicy(attempts=2)
        )
        assert isinstance(outcome.error, errors.TimedOut)
        assert (outcome.meta.status, outcome.meta.request_id) == (None, None)
        assert outcome.meta.rate_limit.limit is None
        assert outcome.meta.attempts == 2

    @virtual
    async def test_a_payload_error_has_the_request_id(self):
        """The error of a reply that no model understands holds its request ID."""
        outcome, _ = await fetched(reply(200, {"cumulative": 7}))
        assert isinstance(outcome.error, errors.PayloadError)
        assert outcome.error.request_id == REQUEST_ID


class TestCancellation:
    """A cancelled request."""

    @pytest.mark.parametrize("moment", ["probe", "leave", "wire", "pause", "backoff"])
    @virtual
    async def test_nothing_is_left_at_any_moment(self, moment):
        """A request cancelled while it waits, sends, pauses or backs off leaves nothing behind."""
        script = {"pause": [trouble(429, retry_after=9)], "backoff": [trouble(503)]}
        transport = FakeTransport(Script(*script.get(moment, [])), latency=1)
        policy = RetryPolicy(base=1000, cap=1000, max_elapsed=10_000)
        async with session_over(transport, max_in_flight=1, retry=policy) as session:
            tasks = [asyncio.create_task(session.fetch(worker_query(n))) for n in range(2)]
            await asyncio.sleep(1.5 if moment in script else 0.5)
            victims = {"leave": tasks[1:], "wire": tasks}.get(moment, tasks[:1])
            for task in victims:
                task.cancel()
            if moment in ("probe", "leave"):
                assert any(not isinstance(r, BaseException) for r in await _all(tasks))
            else:
                tasks[1].cancel()
                await _all(tasks)
            await settle()
            assert [b.in_flight for b in session.budgets()] == [0]


async def _all(tasks):
    return await asyncio.gather(*tasks, return_exceptions=True)
