"""Text that nobody is shown, and the pen that blots it out."""

import copy
import html
import json
import pickle
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskrouter_stats.models.redaction import Secret, SecretRedactor, masked
from tests.support.canaries import TOKEN, by_rich, leaked
from tests.support.fakes import ACCOUNT

ESCAPED = {
    "as it is": lambda text: text,
    "url": lambda text: quote(text, safe=""),
    "url in lower case": lambda text: quote(text, safe="").replace("%2F", "%2f"),
    "php's json": lambda text: text.replace("/", "\\/"),
    "wary json": lambda text: "".join(c if c.isalnum() else f"\\u{ord(c):04x}" for c in text),
    "html": html.escape,
    "wary html": lambda text: "".join(c if c.isalnum() else f"&#x{ord(c):X};" for c in text),
    "repr": repr,
    "json": json.dumps,
}


class TestSecret:
    """For the wire alone."""

    def test_it_shows_nothing(self):
        """Neither it nor a part of it has a telling repr, in a container or out of it."""
        secret = Secret(TOKEN.secret)
        shown = [secret, secret[:9], secret[3], [secret], {"a": secret}, masked(b"" + b"abc")]
        assert leaked(*map(repr, shown)) == []
        assert repr(secret) == "'(secret)'"
        assert "abc" not in repr(shown)

    def test_a_part_of_bytes_shows_nothing(self):
        """Rich slices long bytes as it does long text, and one of them is a number as ever."""
        secret = masked(TOKEN.secret.encode() * 3)
        assert repr(secret[:80]) == repr(secret) == "b'(secret)'"
        assert secret[0] == ord(TOKEN.secret[0])

    def test_it_is_text(self):
        """What sends it gets all of it."""
        secret = Secret(TOKEN.secret)
        assert str(secret) == f"{secret}" == TOKEN.secret == secret
        assert type(str(secret)) is str

    @pytest.mark.parametrize("secret", [Secret(TOKEN.secret), masked(TOKEN.secret.encode())])
    def test_it_stays_here(self, secret):
        """A pickle would be a file with the secret in it."""
        with pytest.raises(TypeError, match="do not pickle"):
            pickle.dumps(secret)

    def test_a_copy_of_it_is_it(self):
        """What records a request, as vcrpy does, may copy its headers: the copy shows nothing."""
        headers = {"Authorization": Secret(TOKEN.secret)}
        copies = [copy.copy(headers), copy.deepcopy(headers), copy.deepcopy([*headers.values()])]
        assert [repr(one) for one in copies] == [repr(headers)] * 2 + ["['(secret)']"]
        assert copies[1]["Authorization"] is headers["Authorization"]

    def test_containers_are_hidden_too(self):
        """A secret in a tuple, list, set or dict that was given in its place shows nothing."""
        given = [(ACCOUNT, TOKEN.secret), [TOKEN.secret], {TOKEN.secret}, {"x": [TOKEN.secret]}]
        shown = [masked(value) for value in [*given, bytearray(TOKEN.secret.encode())]]
        assert leaked(repr(shown)) == []
        assert shown[:4] == given

    def test_what_is_no_text_is_left_alone(self):
        """A wrong argument is shown as what it is."""
        assert masked(None) is None
        assert masked(7) == 7

    def test_rich_cuts_off_nothing_that_tells(self):
        """Rich slices the first 80 characters from a longer text: they are secret too."""

        def fail(header):
            raise ValueError(header[:0])

        with pytest.raises(ValueError, match=r"^$") as caught:
            fail(Secret("Basic " + TOKEN.basic + "=" * 80))
        caught.value.with_traceback(caught.tb.tb_next)
        assert leaked(by_rich(caught.value)) == []


def escaped(text, ways):
    """Each letter of a text in one of the ways to spell it."""
    return "".join(way(letter) for letter, way in zip(text, ways, strict=True))


LETTERS = st.text(
    st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=64
).filter(lambda secret: len(secret.replace("\\", "")) >= 8)  # without what escapes are made of
SPELL = st.sampled_from(
    [
        str,
        lambda c: f"\\u{ord(c):04x}",
        lambda c: f"%{ord(c):02X}",
        lambda c: f"&#x{ord(c):x};",
        lambda c: f"&#{ord(c)};",
    ]
)


class TestBlotter:
    """For what came back."""

    @given(secret=LETTERS, data=st.data())
    def test_whichever_letters_are_escaped(self, secret, data):
        """It goes whichever of its letters are escaped in whichever way; what is around stays."""
        ways = data.draw(st.lists(SPELL, min_size=len(secret), max_size=len(secret)))
        told = SecretRedactor([secret])(f"<|{escaped(secret, ways)}|>".encode())
        assert told == b"<|(secret)|>"

    @given(secret=LETTERS)
    def test_escaped_twice(self, secret):
        """It goes as well when a text of JSON or a URL holds one that is escaped already."""
        for twice in (json.dumps(json.dumps(secret)), quote(quote(secret, safe=""), safe="")):
            told = SecretRedactor([secret])(f"<|{twice}|>".encode())
            assert told.count(b"(secret)") == 1
            assert SecretRedactor([secret])(told) is told

    @pytest.mark.parametrize(
        "letters", ["-", "\\", "%", "%25", "a-", "&#", "&amp;", "\\u0025", "(x+)*"]
    )
    def test_a_secret_of_many_equal_letters(self, letters):
        """Its needles are few and no longer than it is, so that no text makes the search long."""
        secret = letters * 40
        blotter = SecretRedactor([secret])
        for text in (letters * 5000 + "x", "-" * 20_000, f"{secret[:-1]}x" * 100):
            blotter(text.encode())
        assert len(blotter._needles) <= 8
        assert max(map(len, blotter._needles)) <= len(secret)
        assert secret not in blotter.quote(f"<{secret}>")

    @pytest.mark.parametrize("part", [slice(0, 20), slice(3, 15), slice(-8, None)])
    def test_a_part_in_a_text_that_was_cut(self, part):
        """A beginning, a middle or an end of eight letters or more is taken out of a quote."""
        told = SecretRedactor([TOKEN.secret]).quote(f"reading: b'{TOKEN.secret[part]}'.")
        assert told == "reading: b'(secret)'."

    def test_quotes(self):
        """Several texts stay what they are, or each loses its part of the secret."""
        blotter, texts = SecretRedactor([TOKEN.secret]), ("a", "b")
        assert blotter.quotes(texts) is texts
        assert blotter.quotes(("a", f"b{TOKEN.secret}")) == ["a", "b(secret)"]

    def test_values_of_decoded_json(self):
        """Texts at every depth lose it, escaped or not; other texts, numbers and keys stay."""
        spelled = json.dumps({"x": "".join(f"\\u{ord(c):04x}" for c in TOKEN.secret)})
        payload = {"a": [1, TOKEN.secret, {"b": f"x {TOKEN.basic}", "c": spelled}], "d": "e"}
        found = SecretRedactor([TOKEN.secret, TOKEN.basic]).values(payload)
        assert found["a"][:2] == [1, "(secret)"]
        assert found["a"][2]["b"] == "x (secret)"
        assert leaked(repr(found)) == []
        assert TOKEN.secret not in json.loads(found["a"][2]["c"])["x"]
        assert found["d"] == "e"

    def test_a_key_that_no_answer_has(self):
        """A key that is made of a token goes as well, and the order of keys stays."""
        found = SecretRedactor([TOKEN.secret]).values({"a": 1, f"x{TOKEN.secret}": 2, "b": 3})
        assert list(found.items()) == [("a", 1), ("x(secret)", 2), ("b", 3)]

    @pytest.mark.parametrize("word", ["reservations", "cumulative", "12345678"])
    def test_a_word_stays_in_values(self, word):
        """A password that is a word or a number is no reason to change keys, texts or numbers."""
        payload = {f"{word}_created": 12345678, "name": f"the {word}"}
        assert SecretRedactor([word]).values(copy.deepcopy(payload)) == payload
        assert SecretRedactor([word]).text(f"the {word}") == "the (secret)"

    def test_deep_json(self):
        """JSON as deep as the parser reads it is read to its bottom."""
        payload = TOKEN.secret
        for _ in range(1000):
            payload = [payload]
        found = SecretRedactor([TOKEN.secret]).values(payload)
        while isinstance(found, list):
            found = found[0]
        assert found == "(secret)"

    @pytest.mark.parametrize("escape", ESCAPED.values(), ids=ESCAPED)
    def test_however_it_is_spelled(self, escape):
        """A secret goes, escaped or not, at every place, and what stands around it stays."""
        blot = SecretRedactor([TOKEN.basic, TOKEN.secret])
        for secret in (TOKEN.basic, TOKEN.secret):
            told = blot(f"<{escape(secret)}|{escape(secret)}>".encode())
            assert leaked(told) == []
            assert told.startswith(b"<")
            assert told.endswith(b">")
            assert told.count(b"(secret)") == 2

    def test_what_holds_no_secret_is_the_same_object(self):
        """Nothing is copied where there is nothing to do, not even beside a part of a secret."""
        for text in (b"plain", TOKEN.secret[:12].encode(), b"\xff\x00"):
            assert SecretRedactor([TOKEN.secret])(text) is text

    @pytest.mark.parametrize("secret", ["~" * 8, "-" * 9, "ü" * 8, "a.b.c.d.e", "é-x-é-x-é"])
    def test_odd_secrets(self, secret):
        """A secret without letters, or with others than ASCII's, is found as well."""
        told = SecretRedactor([secret])(f"x {secret} y".encode())
        assert told == b"x (secret) y"

    def test_a_short_secret_blots_out_no_words(self):
        """A secret of fewer than eight characters, such as a simulator's, spoils no data."""
        body = b'{"friendly_name":"Test latest"}'
        assert SecretRedactor(["test", "x"])(body) is body

    def test_it_shows_nothing_itself(self):
        """Its repr and those of its parts tell nothing."""
        blotter = SecretRedactor([TOKEN.secret])
        assert leaked(repr(blotter), repr(vars(blotter))) == []
