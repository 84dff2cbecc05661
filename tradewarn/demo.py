"""`make demo`: the whole pipeline over the sample week, in front of you - crawl, classify, index, search, bulletin, portal.

Nothing here is special: each line it prints is a command you can type yourself.
"""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

#: The week of the sample that a bulletin is written for, and a question in each language.
WEEK = "2026-W46"
QUESTIONS = ("锂电池", '"lithium battery"', "リチウム電池", "hs:8507600090 market:EU")


def main() -> int:
    """Exit code 0 when every step did what it should; the first failing command's code otherwise."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--home", type=Path, required=True)
    parser.add_argument("--week", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    serve = os.environ.get("SERVE", "1") != "0"  # environment: the demo's only switch, documented in the Makefile
    for folder in (options.home, options.out):
        shutil.rmtree(folder, ignore_errors=True)
    common = ["--home", str(options.home), "--replay", str(options.week)]
    subscriptions = options.week / "subscriptions.yml"
    environment = {**os.environ, "TRADEWARN_SUBSCRIPTIONS": str(subscriptions)}

    def step(what: str, *words: str) -> int:
        print(f"\n== {what}\n$ tradewarn {shlex.join([*common, *words])}", flush=True)
        command = [sys.executable, "-m", "tradewarn", *common, *words]
        return subprocess.run(command, env=environment, check=False).returncode  # noqa: S603 - our own command

    steps: list[tuple[str, tuple[str, ...]]] = [
        ("crawl, classify and index the sample week over loopback", ("run",)),
        ("the same once more: nothing is new", ("run",)),
        *((f"ask the index: {question}", ("search", question, "--limit", "5")) for question in QUESTIONS),
        (f"the bulletins of {WEEK}", ("bulletin", "--week", WEEK, "--out", str(options.out))),
        ("how is everything", ("doctor",)),
    ]
    for what, words in steps:
        code = step(what, *words)
        if code != 0:
            print(f"demo: `tradewarn {shlex.join(words)}` ended with exit code {code}", file=sys.stderr)
            return code
    print(f"\n== bulletins are in {options.out}/; open one in a browser:")
    for path in sorted(options.out.rglob("*.html")):
        print(f"   {path}")
    if not serve:
        print("\n== SERVE=0: not serving. `make demo` opens the portal.")
        return 0
    return step("the portal; stop it with Ctrl-C", "serve")


if __name__ == "__main__":
    sys.exit(main())
