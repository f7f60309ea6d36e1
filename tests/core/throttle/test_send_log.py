"""The log of sends: what is added from elsewhere, and what is left out."""

from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.core.throttle.send_log import SendLog

times = st.lists(st.floats(0.0, 100.0), max_size=30).map(sorted)


@given(times, st.integers(1, 8))
def test_a_log_that_was_split_can_be_merged_again(sent, parts):
    """What a part keeps and what it leaves to the others are all sends, each once."""
    log = SendLog(total=len(sent), times=list(sent))
    others = log.split(parts)
    assert len(log.times) == -(-len(sent) // parts)
    log.merge(others, newest_at=100.0)
    assert (log.times, log.total) == (sent, len(sent))


@given(times, times, st.floats(0.0, 100.0))
def test_merged_sends_count_as_newer_ones_only_if_they_are(ours, theirs, newest_at):
    """Only sends after the newest answered one are numbered: the older ones are in its answer."""
    log = SendLog(total=len(ours), times=list(ours))
    log.merge(theirs, newest_at)
    assert log.times == sorted(ours + theirs)
    assert log.total == len(ours) + sum(at > newest_at for at in theirs)
