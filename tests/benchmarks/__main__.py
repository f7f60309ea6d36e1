"""The speed benchmarks: ``python -m tests.benchmarks`` prints one table for each section.

They require nginx (``apt-get install nginx-light``) and ``pip install -e '.[bench]'``; without
uvloop, twilio, aiolimiter, pydantic or valgrind their rows are absent. Figures are medians of
rounds in which all contenders take turns, with the minimum and maximum of the rounds in brackets.
"""

import argparse

from tests.benchmarks import (
    accounts,
    conversion,
    cost,
    first_outcome,
    importing,
    instructions,
    lag,
    layers,
    paced,
    query_memory,
    scale,
)

SECTIONS = {
    "a": ("one request", cost.table),
    "b": ("from body to record", conversion.table),
    "c": ("growth of a stream", scale.table),
    "d": ("delay of other tasks in the loop", lag.table),
    "e": ("import", importing.table),
    "f": ("first outcome of a workspace run", first_outcome.table),
    "g": ("paced runs", paced.table),
    "h": ("the CPU of a fetch by layer", layers.table),
    "i": ("instructions", instructions.table),
    "j": ("memory of a query", query_memory.table),
    "k": ("1,000 accounts in one process", accounts.table),
}


def sections(text: str) -> list[str]:
    """Return the letters of a comma-separated list of sections."""
    letters = text.split(",")
    if unknown := set(letters) - set(SECTIONS):
        raise argparse.ArgumentTypeError(f"no such section: {', '.join(sorted(unknown))}")
    return letters


def main() -> None:
    """Print the requested tables, each when it is done."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks",
        description="; ".join(f"({letter}) {title}" for letter, (title, _) in SECTIONS.items()),
    )
    every = list(SECTIONS)
    parser.add_argument(
        "--only", type=sections, default=every, metavar="a,b", help="run only these sections"
    )
    parser.add_argument("--quick", action="store_true", help="run few rounds, as a check")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")
    chosen = parser.parse_args()
    for letter in chosen.only:
        title, measure = SECTIONS[letter]
        table = measure(quick=chosen.quick)
        print(f"\n({letter}) {title}\n", flush=True)
        print(table.markdown() if chosen.markdown else table.text(), flush=True)


if __name__ == "__main__":
    main()
