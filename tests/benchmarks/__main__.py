"""`python -m tests.benchmarks`: what speed costs, section by section, everything in one run.

Needs nginx from Debian's packages and `pip install -e '.[bench]'`; without uvloop, twilio or
aiolimiter their rows stay away. Figures are medians of rounds in which all take turns; the least
and the most of the rounds stand in brackets.
"""

import argparse

from tests.benchmarks import conversion, cost, first_outcome, importing, lag, layers, paced, scale

SECTIONS = {
    "a": ("one request", cost.table),
    "b": ("from body to record", conversion.table),
    "c": ("growth of a stream", scale.table),
    "d": ("what others in the loop feel", lag.table),
    "e": ("import", importing.table),
    "f": ("first outcome of a workspace run", first_outcome.table),
    "g": ("paced runs", paced.table),
    "h": ("where the time of a fetch goes", layers.table),
}


def sections(text: str) -> list[str]:
    """The letters of sections, divided by commas."""
    letters = text.split(",")
    if unknown := set(letters) - set(SECTIONS):
        raise argparse.ArgumentTypeError(f"no such section: {', '.join(sorted(unknown))}")
    return letters


def main() -> None:
    """Print the tables that were asked for, each as soon as it is there."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="; ".join(f"({letter}) {title}" for letter, (title, _) in SECTIONS.items()),
    )
    every = list(SECTIONS)
    parser.add_argument("--only", type=sections, default=every, metavar="a,b", help="these alone")
    parser.add_argument("--quick", action="store_true", help="few rounds: does it run at all?")
    parser.add_argument("--markdown", action="store_true", help="rows for README")
    chosen = parser.parse_args()
    for letter in chosen.only:
        title, measure = SECTIONS[letter]
        table = measure(quick=chosen.quick)
        print(f"\n({letter}) {title}\n", flush=True)
        print(table.markdown() if chosen.markdown else table.text(), flush=True)


if __name__ == "__main__":
    main()
