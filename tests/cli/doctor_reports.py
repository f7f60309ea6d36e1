"""Read the report of ``doctor``."""

import re


def verdict(out, subject):
    """Return the verdict and the detail of one check."""
    found = re.search(
        rf"^ (ok|not ok|not known) +{subject}  +(.*(?:\n {{20,}}.*)*)", out, re.MULTILINE
    )
    assert found, out
    return found[1], " ".join(found[2].split())


def answer(out, question):
    """Return the answer to an open question."""
    found = re.search(rf"^ {re.escape(question)}  +(.*(?:\n {{20,}}.*)*)", out, re.MULTILINE)
    assert found, out
    return " ".join(found[1].split())
