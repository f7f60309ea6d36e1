"""README's picture shows what the demo prints, and needs nothing from elsewhere."""

import re
import sys
from xml.etree import ElementTree as ET

import pytest

from tests.readme_picture import PICTURE, draw, run_demo

HEADINGS = ("taskrouter-stats", "Busiest", "Worker", "Created", "Accepted", "Time", "Other:")


def words(svg):
    """Return the words of a picture, in order."""
    texts = [
        element.text or "" for element in ET.fromstring(svg).iter() if element.tag[-4:] == "text"
    ]
    return " ".join(texts).replace("\xa0", " ").split()


def test_bars_and_lines_are_rectangles():
    """A bar of two characters, one column to the right, is a rectangle of two characters."""
    svg = draw("x\x1b[38;2;0;158;115m▇▇\x1b[0m\n ──")
    assert '<rect class="demo-r4" x="12.2" y="30.9" width="24.4" height="14" opacity="1"' in svg
    assert re.search(r'<rect class="[\w-]+" x="12.2" y="[\d.]+" width="24.4" height="1" ', svg)
    assert "▇" not in svg + " ".join(words(svg))


def test_the_picture_needs_nothing_from_elsewhere():
    """The picture is well-formed and names no font, image or script of another host."""
    svg = PICTURE.read_text("utf-8")
    assert ET.fromstring(svg).get("role") == "img"
    assert re.findall(r"https?://(?!www\.w3\.org/2000/svg)|<script|@font-face|url\(", svg) == []


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no pseudo-terminals")
def test_the_picture_shows_what_the_demo_prints():
    """Title, columns and note of the picture are those that the command prints today."""
    drawn = words(draw(run_demo("--workers", "20", "--window", "none")))
    shown = words(PICTURE.read_text("utf-8"))
    assert [word for word in shown if word in HEADINGS] == [w for w in drawn if w in HEADINGS]
    assert {*HEADINGS} <= {*shown}
