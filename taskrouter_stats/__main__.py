"""Entry point of ``python -m taskrouter_stats`` and of the script ``taskrouter-stats``."""

import sys
from typing import NoReturn

from taskrouter_stats.errors import MissingExtra

__all__ = ["main"]

_EXTRA = {"click", "rich"}


def main() -> NoReturn:
    """Run the command line and exit with its code; if the extra is missing, say so."""
    try:
        from taskrouter_stats.cli.app import run  # noqa: PLC0415 (click comes with an extra)
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in _EXTRA:
            raise
        sys.stderr.write(f"{MissingExtra('taskrouter-stats', 'cli')}\n")
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(run())


if __name__ == "__main__":
    main()
