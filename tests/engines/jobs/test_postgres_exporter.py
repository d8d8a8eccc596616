"""The compiled postgres-exporter beside the compiled PostgreSQL, with the role that the init script makes."""

from __future__ import annotations

import time
import urllib.request

import pytest

from components.monitoring.metrics import METRICS
from tests.engines.jobs.addresses import own_address
from tests.engines.jobs.clusters import wherever_different
from tests.engines.jobs.pod import Pod
from tests.engines.jobs.postgres import Postgres
from tests.engines.processes import Process
from tests.engines.programs import installed

pytestmark = wherever_different("init-db.sh")


@pytest.fixture(scope="module")
def workloads(objects):
    return {found["metadata"]["name"]: found for found in objects if found["kind"] in ("Deployment", "StatefulSet")}


@pytest.fixture(scope="module")
def secrets(secret_values):
    """A password of letters and digits, as the bootstrap makes it: this exporter takes a URL apart itself."""
    own = secret_values["postgres-exporter-secret"]
    plain = "".join(filter(str.isalnum, own["password"]))
    return {**secret_values, "postgres-exporter-secret": {**own, "password": plain}}


@pytest.fixture(scope="module")
def server(workloads, objects, secrets, tmp_path_factory):
    found = Postgres(workloads["postgres"], objects, tmp_path_factory.mktemp("postgres"), secrets)
    yield found
    found.stop()


@pytest.fixture(scope="module")
def exporter(server, workloads, objects, secrets, tmp_path_factory):
    """What its page says, asked now."""
    folder = tmp_path_factory.mktemp("exporter")
    pod = Pod(
        workloads["postgres-exporter"],
        objects,
        folder / "pod",
        secrets,
        hosts={"postgres": server.address},
        programs=[installed("prometheus-postgres-exporter")],
    )
    port = pod.container["ports"][0]["containerPort"]
    # On one address: another process may run the same test for another cluster.
    address = own_address(port)
    arguments = [word.replace("=:", f"={address}:") for word in pod.container["args"]]
    process = Process(
        "postgres-exporter",
        pod.command("/usr/local/bin/prometheus-postgres-exporter", *arguments),
        folder,
        pod.environment,
    )

    def page() -> dict[str, float]:
        with urllib.request.urlopen(f"http://{address}:{port}/metrics", timeout=30) as answer:
            lines = answer.read().decode().splitlines()
        values = (line.rpartition(" ") for line in lines if line and not line.startswith("#"))
        return {name: float(value) for name, _, value in values}

    def answers() -> bool:
        try:
            return bool(page())
        except OSError:
            return False

    process.wait_until(answers, "answering")
    yield page
    process.stop()


def test_it_says_that_nobody_gets_in_until_it_has_a_role(exporter, server, secrets):
    assert exporter()["pg_up"] == 0
    done = server.pod(secrets).run(
        "bash", "/docker-entrypoint-initdb.d/init-db.sh", environment={"PGPASSWORD": server.password}
    )
    assert done.returncode == 0, done.stderr
    deadline = time.monotonic() + 30
    while exporter()["pg_up"] != 1:
        assert time.monotonic() < deadline, "its role is there, and it does not log in"


def test_every_metric_that_an_alert_reads_is_there(exporter):
    found = {name.partition("{")[0] for name in exporter()}
    assert set(METRICS["postgres-exporter"]) <= found


def test_it_may_read_no_data_of_another(server, secrets):
    own = secrets["postgres-exporter-secret"]
    others = server.rows("select datname from pg_database where not datistemplate and datname !~ '^postgres'")
    assert others
    for (database,) in others:
        done = server.ask("select 1", user=own["user"], password=own["password"], database=database, check=False)
        assert done.returncode and "permission denied for database" in done.stderr
