"""Run by Airflow's own Python: one DAG, for real, in this process; prints the state of each task as JSON.

usage: run_dag.py DAG_ID TIME, the moment at which the scheduler would start it
"""

import json
import sys
from pathlib import Path

import pendulum
from airflow.configuration import conf
from airflow.dag_processing.dagbag import BundleDagBag


def main() -> None:
    dag_id, end = sys.argv[1], pendulum.parse(sys.argv[2])
    folder = Path(conf.get("core", "dags_folder"))
    # As the scheduler's own processes read it: the folder stands on the path, so DAGs share a module.
    bag = BundleDagBag(folder, bundle_path=folder, bundle_name="dags-folder")
    if bag.import_errors:
        sys.exit(f"import errors: {bag.import_errors}")
    run = bag.dags[dag_id].test(logical_date=end)  # its data interval is the last whole one before
    tasks = [{"task": ti.task_id, "index": ti.map_index, "state": str(ti.state)} for ti in run.get_task_instances()]
    print("RESULT " + json.dumps({"state": str(run.state), "tasks": tasks}))


if __name__ == "__main__":
    main()
