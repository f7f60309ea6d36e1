"""Profiles of workers."""

from taskrouter_stats.simulator.world.profiles import make_profile, random_stream, sid


def test_names_are_unique_without_regard_to_case():
    """Ten thousand workers have ten thousand names, in any letter case."""
    names = {make_profile(3, index).friendly_name.lower() for index in range(10_000)}
    assert len(names) == 10_000


def test_attributes_have_skills():
    """Attributes hold skills and a contact URI."""
    attributes = make_profile(0, 0).attributes
    assert attributes["skills"]
    assert attributes["contact_uri"].startswith("client:")


def test_the_same_seed_makes_the_same_profile():
    """A profile depends only on the seed and the position."""
    assert make_profile(5, 9) == make_profile(5, 9)
    assert make_profile(5, 9) != make_profile(6, 9)


def test_some_workers_never_log_in_and_some_have_no_reservations():
    """Of 25 workers one is always offline and one is always idle."""
    kinds = [make_profile(0, index).profile.kind for index in range(25)]
    assert sorted(kinds)[:2] == ["idle", "offline"]
    assert kinds.count("shift") == 23


def test_every_channel_mix_exists():
    """Some workers handle voice, some voice and text, some only text."""
    mixes = {make_profile(0, index).profile.channels for index in range(100)}
    assert mixes == {(1,), (1, 2, 3), (2, 3)}


def test_a_sid_is_its_prefix_and_32_digits():
    """A SID has the length and the digits of Twilio's."""
    made = sid("WK", 0, 1)
    assert made.startswith("WK")
    assert len(made) == 34
    assert set(made[2:]) <= set("0123456789abcdef")


def test_all_names_seed_a_stream():
    """Streams with equal names are equal, and others differ."""
    assert random_stream(1, "a").random() == random_stream(1, "a").random()
    assert random_stream(1, "a").random() != random_stream(1, "b").random()
