"""Who the workers are."""

import json

from taskrouter_stats.simulator.world.profiles import make_profile, random_stream, sid


def test_names_are_unique_without_regard_to_case():
    """Ten thousand workers have ten thousand names, in any letter case."""
    names = {make_profile(3, index).friendly_name.lower() for index in range(10_000)}
    assert len(names) == 10_000


def test_attributes_are_json_text_with_skills():
    """Attributes are a JSON text whose skills can be read."""
    attributes = json.loads(make_profile(0, 0).attributes)
    assert attributes["skills"]
    assert attributes["contact_uri"].startswith("client:")


def test_the_same_seed_makes_the_same_person():
    """A person depends on nothing but the seed and the index."""
    assert make_profile(5, 9) == make_profile(5, 9)
    assert make_profile(5, 9) != make_profile(6, 9)


def test_some_never_log_in_and_some_get_nothing():
    """Every 25 workers have one who is offline throughout and one who is idle throughout."""
    kinds = [make_profile(0, index).habit.kind for index in range(25)]
    assert sorted(kinds)[:2] == ["idle", "offline"]
    assert kinds.count("shift") == 23


def test_every_channel_mix_exists():
    """Some handle voice only, some everything, some only text."""
    mixes = {make_profile(0, index).habit.channels for index in range(100)}
    assert mixes == {(1,), (1, 2, 3), (2, 3)}


def test_a_sid_is_its_prefix_and_32_digits():
    """SIDs have the length and the digits of Twilio's."""
    made = sid("WK", 0, 1)
    assert made.startswith("WK")
    assert len(made) == 34
    assert set(made[2:]) <= set("0123456789abcdef")


def test_streams_are_told_apart_by_their_whole_name():
    """Streams with different names differ, with equal names are equal."""
    assert random_stream(1, "a").random() == random_stream(1, "a").random()
    assert random_stream(1, "a").random() != random_stream(1, "b").random()
