"""Snippets of the etl's page for tools that the extra ``test`` does not install, and for shells.

Airflow and Dagster send usage data to their makers by default: the tests turn that off.
"""

import asyncio
import os
import re
import sys
from pathlib import Path

import duckdb
import pytest
import yaml

from taskrouter_stats import etl
from taskrouter_stats.simulator import Simulator
from tests.etl.export_runs import days, export

PAGE = Path(__file__).parent.parent / "taskrouter_stats" / "etl" / "README.md"


def block(language, mark):
    """Return the page's only block of a language with this text, with folders for buckets."""
    found = re.findall(
        rf"^```{language}\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    (text,) = (text for text in found if mark in text)
    return text.replace("s3://bucket/", "")


@pytest.fixture
async def simulator(tmp_path, monkeypatch):
    """Run a simulator that the environment names, and work in an empty folder."""
    async with Simulator(workers=6, limit=500, latency=0.0) as running:
        monkeypatch.chdir(tmp_path)
        for name in ("TWILIO_API_KEY", "TWILIO_API_SECRET"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("TWILIO_ACCOUNT_SID", running.auth[0])
        monkeypatch.setenv("TWILIO_AUTH_TOKEN", running.auth[1])
        monkeypatch.setenv("TASKROUTER_STATS_BASE_URL", running.base_url)
        yield running


async def test_pandas_reads_the_days_of_a_lake(simulator):
    """The snippet turns the categorical days into times, of which sums can be made."""
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    await export(simulator, etl.ParquetSink("lake"))
    names = {"pandas": pandas}
    exec(block("python", "pandas."), names)
    accepted = names["frame"].groupby("day")["reservations_accepted"].sum()
    assert [day.date() for day in accepted.index] == [
        window.start.astimezone(window.tz).date() for window in days(2)
    ]


async def run(*command, **environ):
    """Run a command where the test works, and return what it printed."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    process = await asyncio.create_subprocess_exec(
        *command, stdout=-1, stderr=-1, env={**os.environ, "PATH": path, **environ}
    )
    out, err = await asyncio.wait_for(process.communicate(), 300)
    assert process.returncode == 0, (out + err).decode()[-5000:]
    return out.decode()


def check_shards(simulator):
    """Check that several shards wrote, and that they hold each Worker and day once."""
    assert len(list(Path("lake").glob("shard=*"))) > 1
    files = "lake/*/worker_statistics/**/*.parquet"
    rows = duckdb.sql(f"SELECT worker_sid, day FROM '{files}'").fetchall()
    assert len(set(rows)) == len(rows) == 6 * 7
    assert {sid for sid, _ in rows} == {worker.sid for worker in simulator.world.workers}


async def test_the_pods_of_a_kubernetes_job_share_a_plan(simulator):
    """Each pod's command, run by a shell, stores its shard, and all store each row once."""
    job = yaml.safe_load(block("yaml", "kind: Job"))
    assert job["spec"]["completionMode"] == "Indexed"
    (container,) = job["spec"]["template"]["spec"]["containers"]
    command = [*container["command"], *container["args"]]
    command = [text.replace("WS…", simulator.workspace_sid) for text in command]
    indexes = range(job["spec"]["completions"])
    pods = [run(*command, JOB_COMPLETION_INDEX=str(index)) for index in indexes]
    assert [
        ended
        for ended in await asyncio.gather(*pods, return_exceptions=True)
        if isinstance(ended, BaseException)
    ] == []
    check_shards(simulator)


async def test_airflow_maps_a_task_to_each_shard(simulator, tmp_path):
    """The DAG runs to its end in Airflow, and the lake has each Worker and day once."""
    pytest.importorskip("airflow.sdk", reason="Airflow 3 is not installed")
    code = block("python", "from airflow.").replace("WS…", simulator.workspace_sid)
    names = "from datetime import datetime, timedelta\nfrom zoneinfo import ZoneInfo\n"
    names += "from taskrouter_stats import TaskRouterSession, Window, etl\n"
    dag = tmp_path / "airflow" / "dags" / "statistics.py"
    dag.parent.mkdir(parents=True)
    ends = "\ntaskrouter_statistics()\n"
    assert code.endswith(ends)
    test = "\nmade = taskrouter_statistics()\n"  # Airflow reads the file again, for the DAG in it
    test += "if __name__ == '__main__':\n    print('ended:', made.test().state)\n"
    dag.write_text(names + code.removesuffix(ends) + test)
    environ = {
        "AIRFLOW_HOME": str(tmp_path / "airflow"),
        "AIRFLOW__USAGE_DATA_COLLECTION__ENABLED": "False",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
    }
    await run(sys.executable, "-m", "airflow", "db", "migrate", **environ)
    out = await run(sys.executable, str(dag), **environ)
    assert "ended: success" in out
    check_shards(simulator)


async def test_dagster_makes_assets_of_the_dlt_source(simulator, tmp_path):
    """The assets are made in Dagster, and the warehouse has each Worker and day once."""
    pytest.importorskip("dagster_dlt", reason="Dagster and dagster-dlt are not installed")
    code = block("python", "from dagster ").replace("WS…", simulator.workspace_sid)
    names = "import dlt\nfrom taskrouter_stats.etl.dlt_source import taskrouter_source\n"
    test = (
        "\nresult = defs.resolve_job_def('nightly').execute_in_process()\nassert result.success\n"
    )
    script, home = tmp_path / "statistics.py", tmp_path / "dagster"
    script.write_text(names + code + test)
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry:\n  enabled: false\n")
    environ = {"DAGSTER_HOME": str(home), "DLT_DATA_DIR": str(tmp_path / "dlt")}
    await run(sys.executable, str(script), **environ, RUNTIME__DLTHUB_TELEMETRY="false")
    with duckdb.connect("taskrouter.duckdb") as warehouse:
        total = "SELECT count(*), count(DISTINCT query_key) FROM statistics.worker_statistics"
        ((rows, keys),) = warehouse.sql(total).fetchall()
    assert rows == keys > 6 * 25
