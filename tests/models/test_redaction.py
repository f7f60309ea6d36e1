"""Tests of secrets and of their redaction."""

import copy
import html
import json
import pickle
import re
from urllib.parse import quote

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from taskrouter_stats.models.redaction import Secret, SecretRedactor, masked
from tests.support.fakes import ACCOUNT
from tests.support.secret_leaks import TOKEN, by_rich, leaked

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
    """Tests of text whose ``repr`` shows nothing."""

    def test_repr_shows_nothing(self):
        """The ``repr`` of a secret, of its parts and of its containers shows nothing."""
        secret = Secret(TOKEN.secret)
        shown = [secret, secret[:9], secret[3], [secret], {"a": secret}, masked(b"" + b"abc")]
        assert leaked(*map(repr, shown)) == []
        assert repr(secret) == "'(secret)'"
        assert "abc" not in repr(shown)

    def test_a_part_of_bytes_shows_nothing(self):
        """Slices of bytes show nothing, as rich makes them; a single byte is a number."""
        secret = masked(TOKEN.secret.encode() * 3)
        assert repr(secret[:80]) == repr(secret) == "b'(secret)'"
        assert secret[0] == ord(TOKEN.secret[0])

    def test_a_secret_is_text(self):
        """A secret is the whole text for the code that sends it."""
        secret = Secret(TOKEN.secret)
        assert str(secret) == f"{secret}" == TOKEN.secret == secret
        assert type(str(secret)) is str

    @pytest.mark.parametrize(
        ("secret", "shown"),
        [(Secret(TOKEN.secret), "(secret)"), (masked(TOKEN.secret.encode()), b"(secret)")],
    )
    @pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
    def test_a_secret_is_not_pickled(self, secret, shown, protocol):
        """A pickle says where a secret was, and has nothing of it."""
        assert pickle.loads(pickle.dumps(secret, protocol)) == shown

    def test_a_copy_is_the_same_secret(self):
        """A copy of headers, as vcrpy makes it, shows nothing."""
        headers = {"Authorization": Secret(TOKEN.secret)}
        copies = [copy.copy(headers), copy.deepcopy(headers), copy.deepcopy([*headers.values()])]
        assert [repr(one) for one in copies] == [repr(headers)] * 2 + ["['(secret)']"]
        assert copies[1]["Authorization"] is headers["Authorization"]

    def test_containers_are_masked(self):
        """A secret in a tuple, list, set or dict shows nothing."""
        given = [(ACCOUNT, TOKEN.secret), [TOKEN.secret], {TOKEN.secret}, {"x": [TOKEN.secret]}]
        shown = [masked(value) for value in [*given, bytearray(TOKEN.secret.encode())]]
        assert leaked(repr(shown)) == []
        assert shown[:4] == given

    def test_other_types_are_unchanged(self):
        """A value of another type is shown unchanged."""
        assert masked(None) is None
        assert masked(7) == 7

    def test_rich_shows_nothing_of_a_long_secret(self):
        """The first 80 characters that rich shows are secret as well."""

        def fail(header):
            raise ValueError(header[:0])

        with pytest.raises(ValueError, match=r"^$") as caught:
            fail(Secret("Basic " + TOKEN.basic + "=" * 80))
        caught.value.with_traceback(caught.tb.tb_next)
        assert leaked(by_rich(caught.value)) == []


def escaped(text, ways):
    """Return a text with each character escaped in one of the ways."""
    return "".join(way(letter) for letter, way in zip(text, ways, strict=True))


LOOKS_ESCAPED = re.compile(
    r"u[0-9a-fA-F]{4}|%[0-9a-fA-F]{2}|&#[xX]?[0-9a-fA-F]+;|&(?:amp|lt|gt|quot|apos);"
)


def revealing(secret):
    """Return whether eight characters are left without backslashes and without escapes."""
    return len(LOOKS_ESCAPED.sub("", secret.replace("\\", ""))) >= 8


LETTERS = st.text(
    st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=64
).filter(revealing)
SPELLINGS = {
    "plain": str,
    "json": lambda c: f"\\u{ord(c):04x}",
    "url": lambda c: f"%{ord(c):02X}",
    "hex html": lambda c: f"&#x{ord(c):x};",
    "html": lambda c: f"&#{ord(c)};",
}
SPELL = st.sampled_from([*SPELLINGS.values()])


class TestSecretRedactor:
    """Tests of the redaction of replies."""

    @given(
        secret_and_ways=LETTERS.flatmap(
            lambda secret: st.tuples(
                st.just(secret), st.lists(SPELL, min_size=len(secret), max_size=len(secret))
            )
        )
    )
    @example(("\\password", [str] + [SPELLINGS["hex html"]] * 8))  # a backslash, then an escape
    @example(("y%fd/NqBH\\", [str] + [SPELLINGS["html"]] * 8 + [str]))  # without it, 9 letters
    def test_any_escaped_letters_are_found(self, secret_and_ways):
        """A secret is removed with any of its letters escaped; the text around it stays."""
        # backslashes before it may stay as well: they have no meaning alone
        told = SecretRedactor([secret_and_ways[0]])(f"<|{escaped(*secret_and_ways)}|>".encode())
        assert re.fullmatch(rb"<\|(?:\\(?:u005c)?|%5C|&#x5c;|&#92;)*+\(secret\)\|>", told)

    @given(secret=LETTERS)
    def test_two_layers_of_escapes_are_found(self, secret):
        """A secret that was escaped twice is removed."""
        for twice in (json.dumps(json.dumps(secret)), quote(quote(secret, safe=""), safe="")):
            told = SecretRedactor([secret])(f"<|{twice}|>".encode())
            assert told.count(b"(secret)") == 1
            assert SecretRedactor([secret])(told) is told

    @pytest.mark.parametrize(
        "letters", ["-", "\\", "%", "%25", "a-", "&#", "&amp;", "\\u0025", "(x+)*"]
    )
    def test_needles_are_few_and_short(self, letters):
        """A secret has few needles, none longer than the secret, so searches are short."""
        secret = letters * 40
        blotter = SecretRedactor([secret])
        for text in (letters * 5000 + "x", "-" * 20_000, f"{secret[:-1]}x" * 100):
            blotter(text.encode())
        assert len(blotter._needles) <= 8
        assert max(map(len, blotter._needles)) <= len(secret)
        assert secret not in blotter.quote(f"<{secret}>")

    @pytest.mark.parametrize("part", [slice(0, 20), slice(3, 15), slice(-8, None)])
    def test_parts_are_removed_from_quotes(self, part):
        """A part of eight letters or more is removed from a quote."""
        told = SecretRedactor([TOKEN.secret]).quote(f"reading: b'{TOKEN.secret[part]}'.")
        assert told == "reading: b'(secret)'."

    def test_quotes_are_redacted_together(self):
        """Several texts stay the same, or each loses its part of the secret."""
        blotter, texts = SecretRedactor([TOKEN.secret]), ("a", "b")
        assert blotter.quotes(texts) is texts
        assert blotter.quotes(("a", f"b{TOKEN.secret}")) == ["a", "b(secret)"]

    def test_values_at_every_depth_are_redacted(self):
        """Texts at every depth lose the secret; other texts, numbers and keys stay."""
        spelled = json.dumps({"x": "".join(f"\\u{ord(c):04x}" for c in TOKEN.secret)})
        payload = {"a": [1, TOKEN.secret, {"b": f"x {TOKEN.basic}", "c": spelled}], "d": "e"}
        found = SecretRedactor([TOKEN.secret, TOKEN.basic]).values(payload)
        assert found["a"][:2] == [1, "(secret)"]
        assert found["a"][2]["b"] == "x (secret)"
        assert leaked(repr(found)) == []
        assert TOKEN.secret not in json.loads(found["a"][2]["c"])["x"]
        assert found["d"] == "e"

    def test_keys_with_a_token_are_redacted(self):
        """A key that contains a token is redacted, and the order of keys stays."""
        found = SecretRedactor([TOKEN.secret]).values({"a": 1, f"x{TOKEN.secret}": 2, "b": 3})
        assert list(found.items()) == [("a", 1), ("x(secret)", 2), ("b", 3)]

    @pytest.mark.parametrize("word", ["reservations", "cumulative", "12345678"])
    def test_words_stay_in_values(self, word):
        """A password that is a word or a number changes no key, text or number."""
        payload = {f"{word}_created": 12345678, "name": f"the {word}"}
        assert SecretRedactor([word]).values(copy.deepcopy(payload)) == payload
        assert SecretRedactor([word]).text(f"the {word}") == "the (secret)"

    def test_deep_json_is_redacted(self):
        """The deepest JSON that the parser reads is redacted to its bottom."""
        payload = TOKEN.secret
        for _ in range(1000):
            payload = [payload]
        found = SecretRedactor([TOKEN.secret]).values(payload)
        while isinstance(found, list):
            found = found[0]
        assert found == "(secret)"

    @pytest.mark.parametrize("escape", ESCAPED.values(), ids=ESCAPED)
    def test_every_spelling_is_removed(self, escape):
        """A secret is removed everywhere, escaped or not, and the text around it stays."""
        blot = SecretRedactor([TOKEN.basic, TOKEN.secret])
        for secret in (TOKEN.basic, TOKEN.secret):
            told = blot(f"<{escape(secret)}|{escape(secret)}>".encode())
            assert leaked(told) == []
            assert told.startswith(b"<")
            assert told.endswith(b">")
            assert told.count(b"(secret)") == 2

    def test_a_clean_text_is_the_same_object(self):
        """A text without a secret is returned as the same object."""
        for text in (b"plain", TOKEN.secret[:12].encode(), b"\xff\x00"):
            assert SecretRedactor([TOKEN.secret])(text) is text

    @pytest.mark.parametrize("secret", ["~" * 8, "-" * 9, "ü" * 8, "a.b.c.d.e", "é-x-é-x-é"])
    def test_odd_secrets_are_found(self, secret):
        """A secret without letters, or with non-ASCII letters, is found."""
        told = SecretRedactor([secret])(f"x {secret} y".encode())
        assert told == b"x (secret) y"

    def test_a_short_secret_is_ignored(self):
        """A secret of fewer than eight characters, such as a simulator's, is not removed."""
        body = b'{"friendly_name":"Test latest"}'
        assert SecretRedactor(["test", "x"])(body) is body

    def test_the_redactor_shows_nothing(self):
        """The ``repr`` of the redactor and of its parts shows nothing."""
        blotter = SecretRedactor([TOKEN.secret])
        assert leaked(repr(blotter), repr(vars(blotter))) == []
