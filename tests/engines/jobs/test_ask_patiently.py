"""ask-patiently.py in its compiled containers: a service learns its topic, however late data-broker comes.

The image is a stand-in: Gunicorn with a service that asks while it starts, and gives up after three attempts.
"""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import urlopen

import pytest

from tests.engines.jobs.addresses import own_address
from tests.engines.jobs.clusters import wherever_different
from tests.engines.jobs.http_server import serving
from tests.engines.jobs.pod import Pod
from tests.engines.jobs.waiting import until

SCRIPT = "ask-patiently.py"
IMAGE = Path(__file__).parent / "image"
PACKAGES = "/usr/src/packages"
TOPIC = "dojot-management.dojot.tenancy"
pytestmark = wherever_different(SCRIPT, "env", "image")
# Longer than all attempts of the service, which then would have given up.
LATE = 1.5


@pytest.fixture
def service(objects, secret_values, tmp_path):
    """Each service that is started by the script, ready to run: `run` gives what it tells of itself."""
    found = [
        one
        for one in objects
        if one["kind"] == "Deployment"
        and any(SCRIPT in word for word in one["spec"]["template"]["spec"]["containers"][0].get("command", ()))
    ]
    assert found, f"nobody runs {SCRIPT}"
    python, packages = Path(sys.base_prefix), Path(sysconfig.get_paths()["purelib"])
    return [
        Service(
            Pod(
                workload,
                objects,
                tmp_path / workload["metadata"]["name"],
                secret_values,
                path=str(python / "bin"),
                folders=[python],
                image={
                    **{f"{PACKAGES}/{name}": packages / name for name in ("gunicorn", "packaging")},
                    "/sbin/tini": IMAGE / "tini",
                    "/usr/src/app/webRoutes.py": IMAGE / "webRoutes.py",
                    # Where auth's image has its start, and persister's its package.
                    "/usr/src/app/appRun.sh": IMAGE / "start.sh",
                    "/usr/src/app/history": IMAGE / "history",
                },
                workdir="/usr/src/app",
            )
        )
        for workload in found
    ]


class Service:
    def __init__(self, pod):
        self.pod = pod
        self.broker = urlsplit(f"//{pod.environment['DATA_BROKER_ADDRESS']}")
        asked = urlsplit(pod.environment["DATA_BROKER_URL"])
        # On an address of the test's own, because tests run beside each other.
        self.environment = {
            **pod.environment,
            "DATA_BROKER_URL": f"http://{own_address(asked.port)}:{asked.port}",
            "DATA_BROKER_PAUSE_SECONDS": "0.1",
            "PYTHONPATH": PACKAGES,
        }
        assert asked.hostname == "127.0.0.1", "everybody could ask through the pod"

    @contextmanager
    def run(self, *command, **environment):
        """The container at work; gives how to ask the service, which is ready by then."""
        port = 5000
        listen = f"{own_address(port)}:{port}"
        log = self.pod.folder / "log"
        with open(log, "w") as output:
            process = subprocess.Popen(
                self.pod.command(*command),
                env={**self.environment, "TEST_LISTEN": listen, **environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )

        def told():
            with urlopen(f"http://{listen}/", timeout=5) as reply:
                return json.load(reply)

        try:
            until(lambda: answers(told) or process.poll() is not None, "the service does not answer")
            assert process.poll() is None, log.read_text()
            yield told
        finally:
            process.terminate()
            process.wait(20)
            self.said = log.read_text()

    @contextmanager
    def data_broker(self, answer=lambda call: (200, {"topic": TOPIC})):
        """data-broker where the container looks for it."""
        with serving(answer, self.pod.hosts[self.broker.hostname], self.broker.port) as calls:
            yield calls


@pytest.fixture(autouse=True)
def _names(service):
    """The name of data-broker leads to an address of the test."""
    for one in service:
        one.pod.hosts = {one.broker.hostname: own_address(one.broker.port)}
        with open(one.pod.folder / "etc" / "hosts", "a") as stream:
            stream.writelines(f"{address} {name}\n" for name, address in one.pod.hosts.items())


def answers(ask):
    try:
        ask()
    except OSError:
        return False
    return True


def test_a_data_broker_that_comes_late_is_heard_without_a_second_start(service):
    for one in service:
        with one.run() as told:
            time.sleep(LATE)
            # It is ready all the same: data-broker needs it first.
            assert told() == {"topic": None, "gave_up": False, "starts": 1}
            with one.data_broker() as calls:
                until(lambda: told()["topic"] == TOPIC, "the service never learns its topic")
                assert told()["starts"] == 1
        assert [call.path for call in calls] == ["/topic/dojot.tenancy?global=true"]
        assert "waiting: data-broker" in one.said and "done: data-broker answered" in one.said


def test_one_that_is_there_is_asked_once_and_nothing_is_said(service):
    for one in service:
        with one.data_broker() as calls, one.run() as told:
            until(lambda: told()["topic"] == TOPIC, "the service never learns its topic")
            time.sleep(0.5)
            assert told()["starts"] == 1 and len(calls) == 1
        assert "data-broker" not in one.said


def test_an_answer_that_is_a_failure_is_no_answer(service):
    """data-broker is up, but not yet Kafka."""
    for one in service:
        asked = []

        def answer(call, asked=asked):
            asked.append(call)
            return (500, {"error": "Failed to process topic"}) if len(asked) < 4 else (200, {"topic": TOPIC})

        with one.data_broker(answer), one.run() as told:
            until(lambda: told()["topic"] == TOPIC, "the service never learns its topic")
        assert len(asked) == 4 and "status 500" in one.said


def test_without_the_script_the_topic_is_never_learnt(service):
    """The stand-in is as impatient as dojot's services, or the tests above prove nothing."""
    for one in service:
        command = one.pod.container["command"]
        own = command[command.index(f"/scripts/{SCRIPT}") + 1 :]
        direct = f"http://{one.pod.environment['DATA_BROKER_ADDRESS']}"
        with one.run(*own, DATA_BROKER_URL=direct) as told:
            until(lambda: told()["gave_up"], "the stand-in is more patient than dojot")
            with one.data_broker():
                time.sleep(LATE)
                assert told()["topic"] is None
