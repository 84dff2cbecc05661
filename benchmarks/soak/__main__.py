"""`make soak` names the soaks; `make soak SOAK=growth` runs one for at most nine minutes: exit 4 says "not finished, again"."""

from __future__ import annotations

import importlib
import sys
import time

NAMES = ("agreement", "growth", "kills", "nodes", "stream", "training")
MINUTES = 8.5
AGAIN = 4


def main() -> int:
    wanted = sys.argv[1:]
    if not wanted or set(wanted) - set(NAMES):
        print(f"usage: make soak SOAK=name; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    deadline = time.monotonic() + 60 * MINUTES
    for name in wanted:
        print(f"== {name}", flush=True)
        if not importlib.import_module(f"benchmarks.soak.{name}").run(deadline):
            print(f"{name} is not finished: run it again, it goes on where it stopped")
            return AGAIN
    return 0


if __name__ == "__main__":
    sys.exit(main())
