"""How a DAG calls the command line. `TRADEWARN_BIN` names it (a command, with global options if need be)."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from typing import Any


def tradewarn(*arguments: str, ok: tuple[int, ...] = (0,)) -> Any:
    """Run `tradewarn ARGUMENTS --json` and return what it printed.

    Raises RuntimeError with the exit code and the last lines of stderr for a code not in `ok`: the task fails, is
    retried as the DAG says, and the log shows what a person at the terminal would have read.
    """
    command = [*shlex.split(os.environ.get("TRADEWARN_BIN", "tradewarn")), *arguments, "--json"]
    # S603: the words are the DAG's own and ids of our sources; no shell reads them.
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if done.returncode not in ok:
        tail = "\n".join((done.stderr or done.stdout).strip().splitlines()[-20:])
        raise RuntimeError(f"{' '.join(arguments)}: exit {done.returncode}\n{tail}")
    return json.loads(done.stdout) if done.stdout.strip() else None
