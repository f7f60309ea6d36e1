"""Draw README's picture: what ``taskrouter-stats demo`` prints on a terminal, as SVG.

``python -m tests.readme_picture`` writes ``examples/demo.svg``. The script runs the real command on
a pseudo-terminal (Linux and macOS), so the picture shows nothing that the command does not print.
The simulated Workers rest at night: in the picture of an evening in UTC they have worked all day.
"""

import os
import re
import subprocess
import sys
from contextlib import suppress
from io import StringIO
from pathlib import Path
from typing import Final

from rich.ansi import AnsiDecoder
from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

__all__ = ["PICTURE", "draw", "run_demo"]

PICTURE: Final = Path(__file__).parent.parent / "examples" / "demo.svg"
COLUMNS, ROWS = 100, 24
"""The terminal's size, characters."""
CHARACTER: Final = 12.2
"""How wide rich draws a character, pixels."""
COMMAND: Final = "taskrouter-stats demo"
BAR: Final = re.compile(
    r'<text class="([\w-]+)" x="([\d.]+)" y="([\d.]+)" [^>]*>((?:&#160;)*)(▇+|─+)(?:&#160;)*</text>'
)
"""A text of block or line characters, as rich writes it."""

THEME: Final = TerminalTheme(
    background=(22, 27, 34),
    foreground=(230, 237, 243),
    normal=[(110, 118, 129)] * 8,
)
"""Grey on near black; the bars bring their own colours."""

FORMAT: Final = """\
<svg class="rich-terminal" viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" \
role="img" aria-label="The table that taskrouter-stats demo prints">
<style>
.{unique_id}-matrix {{
font-family: ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace;
font-size: {char_height}px; line-height: {line_height}px; font-variant-east-asian: full-width; }}
{styles}
</style>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})">
{backgrounds}
<g class="{unique_id}-matrix">{matrix}</g>
</g>
</svg>
"""
"""rich's own picture without fonts from elsewhere: hosts of READMEs do not fetch any."""


def run_demo(*options: str) -> str:
    """Run ``taskrouter-stats demo`` on a terminal and return what it prints, colours included.

    Args:
        options: further options of the command.
    """
    import fcntl  # noqa: PLC0415 (these three do not exist on Windows)
    import pty  # noqa: PLC0415
    import struct  # noqa: PLC0415
    import termios  # noqa: PLC0415

    reader, writer = pty.openpty()
    fcntl.ioctl(writer, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    kept = {n: v for n, v in os.environ.items() if n not in {"NO_COLOR", "COLUMNS", "LINES"}}
    process = subprocess.Popen(
        [sys.executable, "-m", "taskrouter_stats", "demo", *options],
        env={**kept, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
        stdin=subprocess.DEVNULL,
        stdout=writer,
        stderr=subprocess.DEVNULL,
    )
    os.close(writer)
    printed = _read_to_end(reader)
    if process.wait() != 0:
        raise SystemExit(f"taskrouter-stats demo ended with exit code {process.returncode}")
    return printed.decode().replace("\r\n", "\n")


def draw(printed: str) -> str:
    """Return a terminal's text, colours included, as SVG.

    Args:
        printed: what a command printed, lines at most ``COLUMNS`` wide.
    """
    console = Console(
        width=COLUMNS, record=True, file=StringIO(), force_terminal=True, color_system="truecolor"
    )
    console.print(Text.assemble((" $ ", "bright_black"), (COMMAND, "bold")))
    for line in AnsiDecoder().decode(printed.rstrip()):
        console.print(line, overflow="crop", no_wrap=True)
    console.print()
    svg = console.export_svg(title="", theme=THEME, code_format=FORMAT, unique_id="demo")
    return re.sub(r' clip-path="[^"]*"', "", BAR.sub(_rectangle, svg))


def _rectangle(found: re.Match[str]) -> str:
    """Return a bar or a line as a rectangle: fonts leave gaps between block characters."""
    style, left, base, indent, text = found.groups()
    above, height, opacity = (13.5, 14, 1) if text.startswith("▇") else (6.5, 1, 0.35)
    x = float(left) + CHARACTER * indent.count(";")
    return (
        f'<rect class="{style}" x="{x:g}" y="{float(base) - above:g}" '
        f'width="{CHARACTER * len(text):g}" height="{height}" opacity="{opacity}" '
        'shape-rendering="crispEdges"/>'
    )


def _read_to_end(reader: int) -> bytes:
    """Read a pseudo-terminal until the process closes it, which Linux reports as an error."""
    parts = []
    with suppress(OSError):
        while part := os.read(reader, 65_536):
            parts.append(part)
    os.close(reader)
    return b"".join(parts)


if __name__ == "__main__":
    PICTURE.write_text(draw(run_demo()), "utf-8")
