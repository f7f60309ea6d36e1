"""`python -m tests.benchmarks`: one table of what speed costs, everything in one run.

Needs nginx from Debian's packages and `pip install -e '.[bench]'`; without uvloop or twilio their
rows stay away. Ratios are medians of rounds in which all take turns, quartiles in brackets.
"""

import asyncio
from importlib.util import find_spec

from tests.benchmarks import conversion, cost, importing
from tests.benchmarks.nginx import nginx


def _print_costs(base_url: str, loop: str) -> None:
    factory = None
    if loop == "uvloop":
        import uvloop  # noqa: PLC0415 (only where it is installed)

        factory = uvloop.new_event_loop
    with asyncio.Runner(loop_factory=factory) as runner:
        costs = runner.run(cost.measure(base_url))
    print(f"\n{loop:<14} {'CPU µs':>8} {'wall µs':>8}  {'CPU to bare':<18} CPU to twilio")
    for name, one in costs.items():
        ratios = [str(one.to[other]) if other in one.to else "-" for other in ("bare", "twilio")]
        print(f"{name:<14} {one.cpu:>8.1f} {one.wall:>8.1f}  {ratios[0]:<18} {ratios[1]}")


def main() -> None:
    """Print the table."""
    with nginx() as base_url:
        for loop in ("asyncio", "uvloop") if find_spec("uvloop") else ("asyncio",):
            _print_costs(base_url, loop)
    print(f"\n{'conversion':<14} {'CPU µs':>8}  to msgspec")
    for name, (spent, ratio) in conversion.measure().items():
        print(f"{name:<14} {spent:>8.1f}  {ratio}")
    print(f"\nimport, CPU to aiohttp + attrs + cattrs + orjson: {importing.measure()}")


if __name__ == "__main__":
    main()
