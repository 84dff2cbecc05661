"""Run by Airflow's own Python: one DAG, for real, in this process; prints the state of each task as JSON.

usage: run_dag.py DAG_ID DATA_INTERVAL_END
"""

import datetime as dt
import json
import sys

from airflow.dag_processing.dagbag import DagBag
from airflow.timetables.base import DataInterval


def main() -> None:
    dag_id, end = sys.argv[1], dt.datetime.fromisoformat(sys.argv[2])
    bag = DagBag()
    if bag.import_errors:
        sys.exit(f"import errors: {bag.import_errors}")
    dag = bag.dags[dag_id]
    interval = dag.timetable.infer_manual_data_interval(run_after=end)
    assert isinstance(interval, DataInterval)
    run = dag.test(logical_date=interval.start)
    tasks = [{"task": ti.task_id, "index": ti.map_index, "state": str(ti.state)} for ti in run.get_task_instances()]
    print("RESULT " + json.dumps({"state": str(run.state), "tasks": tasks}))


if __name__ == "__main__":
    main()
