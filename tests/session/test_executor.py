"""One request's walk: leave, send, observe, and again; what it counts on its way."""

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
    """Every random number is the largest, so that each wait is the whole of its range."""
    monkeypatch.setattr(executor.random, "random", lambda: 1.0)


async def asked(*answers, **options):
    """Fetch one worker from a server with that script; return the outcome and the transport."""
    transport = FakeTransport(Script(*answers), latency=0)
    async with session_over(transport, **options) as session:
        [outcome] = await session.collect([worker_query(1)])
    return outcome, transport


class TestAttempts:
    """Which failures are tried again, and when."""

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
    async def test_what_may_pass_is_tried_again(self, failure):
        """A failure that may pass is followed by a second attempt, which succeeds."""
        outcome, transport = await asked(failure)
        assert outcome.unwrap()
        assert (outcome.meta.attempts, outcome.meta.refused) == (2, 0)
        assert len(transport.sent) == 2

    @pytest.mark.parametrize(
        "failure", [*(trouble(status) for status in (301, 400, 404, 410, 501)), reply(200, b"<")]
    )
    @virtual
    async def test_what_would_repeat_is_not(self, failure):
        """A failure that would repeat is the outcome of one attempt."""
        outcome, transport = await asked(failure)
        assert isinstance(outcome.error, (errors.ApiError, errors.PayloadError))
        assert (outcome.meta.attempts, len(transport.sent)) == (1, 1)

    @virtual
    async def test_waits_double_up_to_the_cap(self, full_jitter):
        """The upper ends of the waits are base, 2 base, 4 base, and so on, capped."""
        policy = RetryPolicy(attempts=6, base=1, cap=5)
        _, transport = await asked(*[trouble(503)] * 5, retry=policy)
        gaps = [b - a for a, b in zip(transport.times, transport.times[1:], strict=False)]
        assert gaps == pytest.approx([1, 2, 4, 5, 5])

    @virtual
    async def test_jitter_is_full(self, monkeypatch, simple_throttle):
        """A random number of 0 means no wait at all."""
        monkeypatch.setattr(executor.random, "random", lambda: 0.0)
        await asked(*[trouble(503)] * 4)
        assert now() == 0

    @virtual
    async def test_attempts_are_bounded(self):
        """After the policy's attempts the last error is the outcome, and tells their number."""
        outcome, transport = await asked(*[trouble(503)] * 9, retry=RetryPolicy(attempts=3))
        assert isinstance(outcome.error, errors.ServerError)
        assert outcome.error.attempts == outcome.meta.attempts == len(transport.sent) == 3

    @virtual
    async def test_time_is_bounded(self, full_jitter):
        """No attempt follows when it would begin after max_elapsed seconds."""
        policy = RetryPolicy(attempts=50, base=2, cap=2, max_elapsed=5)
        outcome, transport = await asked(*[trouble(503)] * 49, retry=policy)
        assert isinstance(outcome.error, errors.ServerError)
        assert len(transport.sent) == 3
        assert now() == 4

    @virtual
    async def test_waiting_for_leave_is_left_out(self, full_jitter):
        """A long pause of the budget does not use max_elapsed up."""
        policy = RetryPolicy(base=1, max_elapsed=5)
        outcome, _ = await asked(trouble(429, retry_after=50), trouble(503), retry=policy)
        assert outcome.unwrap()
        assert now() == 51


def other(_):
    """The answer for another worker."""
    return reply(200, {"worker_sid": worker_query(77).sid})


def reused(error):
    """The failure of a connection that had served an earlier request."""
    error.on_reused_connection = True
    return error


class TestIdentity:
    """An answer to another query."""

    @virtual
    async def test_it_is_asked_again(self):
        """The connections are dropped first, so that the next send needs a new one."""
        outcome, transport = await asked(other)
        assert outcome.unwrap().worker_sid == worker_query(1).sid
        assert (outcome.meta.attempts, transport.dropped) == (2, 1)

    @virtual
    async def test_it_ends_as_a_failure(self):
        """When all attempts bring others' answers, the last one is the query's error."""
        outcome, transport = await asked(*[other] * 3, retry=RetryPolicy(attempts=3))
        assert isinstance(outcome.error, errors.PayloadError)
        assert outcome.error.for_other_query
        assert outcome.error.request_id == outcome.meta.request_id == REQUEST_ID
        assert len(transport.sent) == transport.dropped == 3

    @virtual
    async def test_it_pays_for_its_retries(self):
        """Others' answers earn no retries, so a server that gives nothing else gets few."""
        transport = FakeTransport(other, latency=0)
        async with session_over(transport) as session:
            outcomes = await session.collect([worker_query(number) for number in range(100, 500)])
        assert {type(outcome.error) for outcome in outcomes} == {errors.PayloadError}
        assert len(transport.sent) == 400 + 200


class TestReusedConnections:
    """Sends that die on connections which had served an earlier request."""

    @virtual
    async def test_they_say_nothing_about_the_server(self, full_jitter):
        """Fifty in a row open no circuit, wait for nothing, and end as their own error."""
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
    async def test_an_untrusted_certificate_says_nothing_either(self):
        """A server whose certificate is not trusted answers, so it is not called down."""
        transport = FakeTransport(lambda _: errors.UntrustedCertificate("odd"), latency=0)
        async with session_over(transport) as session:
            for number in range(30):
                with pytest.raises(errors.UntrustedCertificate):
                    await session.fetch(worker_query(number))
        assert len(transport.sent) == 30


class TestRefusals:
    """A 429 is no attempt: the budget's pause is the only wait."""

    @virtual
    async def test_they_are_no_attempts(self, full_jitter):
        """Refusals use no attempt up and add no wait to the pauses."""
        refusals = [trouble(429, retry_after=3)] * 4
        outcome, transport = await asked(*refusals, retry=RetryPolicy(attempts=1))
        assert outcome.unwrap()
        assert (outcome.meta.attempts, outcome.meta.refused) == (1, 4)
        assert [at - transport.times[0] for at in transport.times] == [0, 3, 6, 9, 12]

    @virtual
    async def test_they_are_bounded(self):
        """After the policy's refusals the outcome is RateLimited, with what the server said."""
        told = trouble(429, 20429, retry_after=2, **limits(50, 0))
        outcome, transport = await asked(*[told] * 9, retry=RetryPolicy(refusals=3))
        error = outcome.error
        assert isinstance(error, errors.RateLimited)
        assert (error.limit, error.remaining, error.retry_after) == (50, 0, 2)
        assert (error.code, error.attempts) == (20429, 0)
        assert (outcome.meta.refused, len(transport.sent)) == (3, 3)

    @virtual
    async def test_mixed_with_failures(self, full_jitter):
        """Attempts and refusals are counted apart, and the run's tally counts both."""
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
    async def test_a_refused_request_goes_before_those_behind_it(self):
        """After the pause the refused request is sent again before others that waited."""
        transport = FakeTransport(Script(trouble(429, retry_after=5)))
        async with session_over(transport, max_in_flight=5) as session:
            await session.collect([worker_query(number) for number in range(4)])
        assert transport.numbers == [0, 0, 1, 2, 3]


class TestMaxWait:
    """The wait for leave, over all attempts."""

    @virtual
    async def test_over_all_attempts(self):
        """Two waits that each are short enough are together too long, which shows at once."""
        transport = FakeTransport(Script(*[trouble(429, retry_after=4)] * 3), latency=0)
        async with session_over(transport) as session:
            with pytest.raises(errors.PaceError) as caught:
                await session.fetch(worker_query(1), max_wait=7)
        assert now() == 4
        assert (caught.value.max_wait, caught.value.retry_after) == (7, 4)
        assert caught.value.__cause__ is None

    @virtual
    async def test_as_the_session_says(self):
        """A fetch without max_wait takes the session's, and None lifts it."""
        transport = FakeTransport(Script(trouble(429, retry_after=30)))
        async with session_over(transport, max_wait=2) as session:
            with pytest.raises(errors.PaceError):
                await session.fetch(worker_query(1))
            assert now() < 1
            assert await session.fetch(worker_query(1), max_wait=None)
            assert now() >= 30

    @virtual
    async def test_zero(self):
        """With max_wait=0 a refused request is not tried again."""
        transport = FakeTransport(Script(trouble(429, retry_after=30)), latency=0)
        async with session_over(transport) as session:
            with pytest.raises(errors.PaceError):
                await session.fetch(worker_query(1), max_wait=0)
        assert now() == 0


class TestMeta:
    """How an answer came about."""

    @virtual
    async def test_of_a_success(self):
        """Status, headers, request id and seconds are those of the reply and the whole walk."""
        transport = FakeTransport(lambda r: statistics(r, **limits(40, 39)), latency=0.5)
        async with session_over(transport) as session:
            meta = (await session.fetch_with_meta(worker_query(1))).meta
        assert (meta.status, meta.request_id) == (200, REQUEST_ID)
        assert (meta.rate_limit.limit, meta.rate_limit.remaining) == (40, 39)
        assert (meta.attempts, meta.refused, meta.elapsed) == (1, 0, 0.5)

    @virtual
    async def test_of_no_reply(self):
        """When the last attempt got no reply, nothing of an earlier reply is told."""
        outcome, _ = await asked(
            trouble(503, **limits(5, 5)), errors.TimedOut(30), retry=RetryPolicy(attempts=2)
        )
        assert isinstance(outcome.error, errors.TimedOut)
        assert (outcome.meta.status, outcome.meta.request_id) == (None, None)
        assert outcome.meta.rate_limit.limit is None
        assert outcome.meta.attempts == 2

    @virtual
    async def test_a_payload_error_tells_the_request_id(self):
        """A reply that no model understands is named by its request id."""
        outcome, _ = await asked(reply(200, {"cumulative": 7}))
        assert isinstance(outcome.error, errors.PayloadError)
        assert outcome.error.request_id == REQUEST_ID


class TestCancellation:
    """A request that is not wanted any more."""

    @pytest.mark.parametrize("moment", ["probe", "leave", "wire", "pause", "backoff"])
    @virtual
    async def test_at_any_moment_everything_is_free(self, moment):
        """Cancelled while waiting, sending, pausing or backing off, it leaves nothing behind."""
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
