"""Every hour: the sources that are due are crawled side by side, then read and indexed; a gate counts who is missing.

The gate exists because a last task with `trigger_rule="all_done"` turned a run with two failed crawls of three into a
successful one (docs/decisions/airflow.md). Steps are idempotent: a retried or cleared task has one effect.
"""

from __future__ import annotations

import datetime as dt
import os

from airflow.sdk import Asset, dag, task
from airflow.timetables.interval import CronDataIntervalTimetable
from tradewarn_command import tradewarn

ALERTS = Asset(name="tradewarn_alerts", uri="x-tradewarn://alerts")
#: Delivered: all, or all but some records that went to quarantine (6). The rest is a failure to be retried and told.
DELIVERED = (0, 6)
RETRIES = int(os.environ.get("TRADEWARN_DAG_RETRIES", "2"))


@dag(
    dag_id="tradewarn_hourly_crawl",
    schedule=CronDataIntervalTimetable("5 * * * *", timezone="UTC"),
    start_date=dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,  # one collector owns a source
    default_args={"retries": RETRIES, "retry_delay": dt.timedelta(minutes=5), "retry_exponential_backoff": True},
    tags=["tradewarn", "crawl"],
    doc_md=__doc__,
)
def hourly_crawl() -> None:
    @task
    def due(data_interval_end: dt.datetime | None = None) -> list[str]:
        """Ids of the sources whose schedule fired by the end of the interval."""
        if data_interval_end is None:
            raise ValueError("this DAG needs a data interval")
        return [row["id"] for row in tradewarn("sources", "--due-at", data_interval_end.isoformat())]

    @task(map_index_template="{{ source }}", max_active_tis_per_dagrun=4)
    def crawl(source: str, run_id: str | None = None) -> dict[str, object]:
        """One source → notices; the run is named after the DAG run, so a retry is the same run."""
        from airflow.sdk import get_current_context

        get_current_context()["source"] = source  # type: ignore[typeddict-unknown-key]
        name = "".join(c if c.isalnum() or c in "-_" else "-" for c in str(run_id))
        step = tradewarn("crawl", source, "--run-id", name, ok=DELIVERED)
        return {"source": source, "exit": step["exit"], "counts": step["counts"]}

    @task(trigger_rule="all_done")
    def classify() -> object:
        """Whatever was committed and not read yet - also of runs whose classify failed before."""
        return tradewarn("classify", ok=DELIVERED)

    @task(outlets=[ALERTS])
    def index() -> object:
        return tradewarn("index", ok=DELIVERED)

    @task(trigger_rule="all_done", retries=0)
    def gate(wanted: list[str], crawled: list[dict[str, object]]) -> dict[str, object]:
        """Fails the run, naming the sources, unless each one that was due has delivered."""
        from airflow.sdk.exceptions import AirflowFailException

        delivered = {str(step["source"]) for step in crawled or [] if step}
        missing = sorted(set(wanted or []) - delivered)
        if wanted is None or missing:
            raise AirflowFailException(
                f"{len(missing)} of {len(wanted or [])} sources did not deliver: {', '.join(missing)}"
            )
        return {"delivered": sorted(delivered)}

    ids = due()
    crawls = crawl.expand(source=ids)
    indexed = crawls >> classify() >> index()
    indexed >> gate(ids, crawls)


hourly_crawl()
