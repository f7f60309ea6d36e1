"""`python -m tests.lab`: the whole table, and the pictures where asked for."""

import argparse
import sys
import time
from pathlib import Path

from tests.lab.hard_scenarios import HARD
from tests.lab.pictures import draw
from tests.lab.scenarios import ROWS, UNSEEN
from tests.lab.table import HEAD, lines, text

TUNED, HELD_OUT = range(8), range(100, 108)


def main() -> int:
    """Print the table; 1 when a row misses its floor."""
    parser = argparse.ArgumentParser(prog="python -m tests.lab", description=__doc__)
    parser.add_argument("--row", default="", help="only rows whose name contains this")
    parser.add_argument("--held-out", action="store_true", help="seeds and rows never tuned on")
    parser.add_argument("--no-baselines", action="store_true")
    parser.add_argument("--pictures", type=Path, help="folder for one PNG per model")
    options = parser.parse_args()
    rows = [
        row
        for row in (ROWS + HARD + (UNSEEN if options.held_out else ()))
        if options.row in row.name
    ]
    began, below = time.monotonic(), 0
    sys.stdout.write(HEAD + "\n")
    seeds = HELD_OUT if options.held_out else TUNED
    for line in lines(rows, seeds, baselines=not options.no_baselines):
        printed = text(line)
        below += "FLOOR" in printed
        sys.stdout.write(printed + "\n")
        sys.stdout.flush()
    sys.stdout.write(
        f"{len(rows)} rows, {below} below the floor, {time.monotonic() - began:.0f} s\n"
    )
    if options.pictures is not None:
        for path in draw(rows, options.pictures):
            sys.stdout.write(f"{path}\n")
    return 1 if below else 0


if __name__ == "__main__":
    sys.exit(main())
