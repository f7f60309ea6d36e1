"""What every store promises; a test class inherits it and gives a ``store`` fixture."""

import asyncio

KEY = "trs:1:{AC1:WS1:WorkerStatistics}"
OTHER = "trs:1:{AC1}"
TTL = 60.0


class StoreContract:
    """One blob per key, moved by compare-and-set."""

    async def test_a_new_key_holds_nothing(self, store):
        """A key that was never written has version 0 and no blob."""
        found = await store.read(KEY)
        assert (found.committed, found.version, found.blob) == (False, "0", b"")

    async def test_a_write_is_read_back(self, store):
        """Bytes of any kind come back as they were written."""
        blob = bytes(range(256)) * 8
        written = await store.compare_and_set(KEY, "0", blob, ttl=TTL)
        found = await store.read(KEY)
        assert (written.committed, written.blob) == (True, b"")
        assert (found.committed, found.version, found.blob) == (False, written.version, blob)

    async def test_every_write_has_a_new_version(self, store):
        """Each write names the version that it replaces, and gets another one."""
        versions = ["0"]
        for blob in (b"a", b"b", b"a"):
            written = await store.compare_and_set(KEY, versions[-1], blob, ttl=TTL)
            versions.append(written.version)
        assert len(set(versions)) == len(versions)

    async def test_a_lost_comparison_brings_the_newest(self, store):
        """A write that names another version changes nothing and returns what is stored."""
        first = await store.compare_and_set(KEY, "0", b"theirs", ttl=TTL)
        for version in ("0", "7", ""):
            lost = await store.compare_and_set(KEY, version, b"ours", ttl=TTL)
            assert (lost.committed, lost.version, lost.blob) == (False, first.version, b"theirs")

    async def test_one_of_many_writers_wins(self, store):
        """Of writes from the same version at once, one happens."""
        writes = [store.compare_and_set(KEY, "0", b"%d" % n, ttl=TTL) for n in range(20)]
        answers = await asyncio.gather(*writes)
        winners = [n for n, answer in enumerate(answers) if answer.committed]
        assert len(winners) == 1
        assert (await store.read(KEY)).blob == b"%d" % winners[0]

    async def test_keys_are_independent(self, store):
        """A write to one key leaves the other as it was."""
        await store.compare_and_set(KEY, "0", b"one", ttl=TTL)
        assert (await store.read(OTHER)).version == "0"

    async def test_the_clock_goes_forward(self, store):
        """Each answer tells a time that is not before the last one's."""
        times = [(await store.read(KEY)).now for _ in range(3)]
        times.append((await store.compare_and_set(KEY, "0", b"", ttl=TTL)).now)
        assert times == sorted(times)

    async def test_closing_twice_is_harmless(self, store):
        """A second close does nothing."""
        await store.aclose()
        await store.aclose()
