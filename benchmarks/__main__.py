"""`make bench` runs every benchmark; `make bench BENCH="classify load"` those. Needs the real data (TRADEWARN_DATA)."""

from __future__ import annotations

import importlib
import sys

NAMES = ("crawl", "classify", "load", "memory", "postings", "quality", "search")


def main() -> int:
    wanted = sys.argv[1:] or list(NAMES)
    unknown = set(wanted) - set(NAMES)
    if unknown:
        print(f"no such benchmark: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    for name in wanted:
        print(f"== {name}", flush=True)
        importlib.import_module(f"benchmarks.{name}").run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
