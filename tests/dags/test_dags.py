"""The DAGs in a real Airflow: they import, and one run does the work - or fails when a source did not deliver."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
AIRFLOW = ROOT / ".venv-airflow" / "bin"
WEEK = ROOT / "tests" / "samples" / "week"

pytestmark = pytest.mark.component("airflow")


@pytest.fixture(scope="module")
def airflow(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a fresh Airflow with a migrated database, our DAG folder, and no examples."""
    home = tmp_path_factory.mktemp("airflow")
    env = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("TRADEWARN_", "AIRFLOW_"))},
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PATH": f"{AIRFLOW}{os.pathsep}{os.environ['PATH']}",
        "TRADEWARN_HOME": str(home / "tradewarn"),
        "TRADEWARN_BULLETINS": str(home / "bulletins"),
        "TRADEWARN_DAG_RETRIES": "0",  # a failure shows at once, not after five minutes
        "TRADEWARN_BIN": f"{ROOT / '.venv/bin/tradewarn'} --replay {WEEK}",
    }
    subprocess.run([AIRFLOW / "airflow", "db", "migrate"], env=env, cwd=home, check=True, capture_output=True)
    return env


def run_dag(airflow: dict[str, str], dag_id: str, end: str, **extra: str) -> dict[str, Any]:
    done = subprocess.run(
        [AIRFLOW / "python", ROOT / "tests" / "dags" / "run_dag.py", dag_id, end],
        env={**airflow, **extra},
        cwd=airflow["AIRFLOW_HOME"],
        capture_output=True,
        text=True,
        check=False,
    )
    lines = [line for line in done.stdout.splitlines() if line.startswith("RESULT ")]
    assert lines, f"no result:\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    print(done.stdout[-20000:])  # pytest shows it where the run went another way
    result: dict[str, Any] = json.loads(lines[-1].removeprefix("RESULT "))
    return result


def states(result: dict[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for row in result["tasks"]:
        found.setdefault(row["task"], []).append(row["state"])
    return found


def test_dags_import_without_an_error(airflow: dict[str, str]) -> None:
    """Read as the DAG processor does and kept in the database. Shown to fail by an import of a module that is not there."""
    said = ""
    for command in ("reserialize", "list", "list-import-errors"):
        done = subprocess.run(
            [AIRFLOW / "airflow", "dags", command],
            env=airflow,
            cwd=airflow["AIRFLOW_HOME"],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        said = said or (done.stdout if command == "list" else "")
    assert {"tradewarn_hourly_crawl", "tradewarn_weekly_bulletin"} <= set(said.split()), said
    assert "Error" not in done.stdout, done.stdout


def test_the_hourly_crawl_then_the_weekly_bulletin(airflow: dict[str, str]) -> None:
    """Five sources of the sample week, crawled as mapped tasks, indexed, and a bulletin of that week."""
    result = run_dag(airflow, "tradewarn_hourly_crawl", "2026-11-16T07:05:00+00:00")
    found = states(result)
    assert result["state"] == "success", found
    assert found["crawl"] == ["success"] * 5
    assert found["index"] == found["gate"] == ["success"]
    bulletin = run_dag(airflow, "tradewarn_weekly_bulletin", "2026-11-16T00:00:00+00:00")
    assert bulletin["state"] == "success", bulletin
    files = sorted(path.name for path in Path(airflow["TRADEWARN_BULLETINS"]).rglob("*.html"))
    assert files
    assert all("2026-W46" in name for name in files), files


def test_a_source_that_does_not_deliver_fails_the_run(airflow: dict[str, str], tmp_path: Path) -> None:
    """The gate. Shown to fail by giving `index` the last word (no gate task): the run was then a success."""
    folder = tmp_path / "empty"
    folder.mkdir()
    lines = [
        {"as_of": "2026-11-16T06:00:00+00:00"},
        {"url": "https://www.saferproducts.gov/RestWebServices/Recall", "status": 404},
    ]
    (folder / "manifest.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines), encoding="utf-8")
    result = run_dag(
        airflow,
        "tradewarn_hourly_crawl",
        "2026-11-16T08:05:00+00:00",
        TRADEWARN_BIN=f"{ROOT / '.venv/bin/tradewarn'} --replay {folder}",
    )
    assert result["state"] == "failed", result
    assert states(result)["gate"] == ["failed"]
