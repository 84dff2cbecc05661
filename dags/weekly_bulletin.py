"""Monday morning in China: the bulletin of the ISO week that just ended, for every subscription."""

from __future__ import annotations

import datetime as dt
import os

from airflow.sdk import dag, task
from airflow.timetables.interval import CronDataIntervalTimetable
from tradewarn_command import tradewarn


@dag(
    dag_id="tradewarn_weekly_bulletin",
    schedule=CronDataIntervalTimetable("0 6 * * 1", timezone="Asia/Shanghai"),
    start_date=dt.datetime(2026, 11, 1, tzinfo=dt.UTC),
    catchup=False,
    max_active_runs=1,
    default_args={"retries": 2, "retry_delay": dt.timedelta(minutes=10)},
    tags=["tradewarn", "bulletin"],
    doc_md=__doc__,
)
def weekly_bulletin() -> None:
    @task
    def bulletin(data_interval_start: dt.datetime | None = None) -> object:
        """Writes the files; the same week again writes the same files."""
        if data_interval_start is None:
            raise ValueError("this DAG needs a data interval")
        # The interval begins on Monday 06:00 in Shanghai, which is still Sunday in UTC: the week is that of the next day.
        year, week, _ = (data_interval_start + dt.timedelta(days=1)).isocalendar()
        out = os.environ.get("TRADEWARN_BULLETINS", "bulletins")
        return tradewarn("bulletin", "--week", f"{year}-W{week:02}", "--out", out)

    bulletin()


weekly_bulletin()
