"""Reads what ``doctor`` printed."""

import re


def verdict(out, subject):
    """The verdict of one check, and what was told of it."""
    found = re.search(
        rf"^ (ok|not ok|not known) +{subject}  +(.*(?:\n {{20,}}.*)*)", out, re.MULTILINE
    )
    assert found, out
    return found[1], " ".join(found[2].split())


def answer(out, question):
    """What the run settles of that question."""
    found = re.search(rf"^ {re.escape(question)}  +(.*(?:\n {{20,}}.*)*)", out, re.MULTILINE)
    assert found, out
    return " ".join(found[1].split())
