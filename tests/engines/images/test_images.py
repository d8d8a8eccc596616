"""The images of the rehearsal: all are made, pods start from them, and each defect that was found once stops them."""

from __future__ import annotations

import hashlib
import json
import re
import resource
import socket
import ssl
import subprocess
import time
from contextlib import ExitStack

import pytest

from scripts.engine_catalogue import Missing
from tests.conftest import CLUSTERS
from tests.engines.images.site import Site
from tests.engines.mqtt.client import Client, Unanswered
from tests.engines.mqtt.load import connect_packet
from tests.engines.processes import until
from tests.engines.programs import not_run
from tests.rehearsal.images import layouts, references

# The smallest cluster that has everything; that its manifests are like the others' is told by other tests.
one_cluster = pytest.mark.parametrize("cluster", ["dojot-lab"], indirect=True, scope="session")
# Sessions of the test of open files: more than a container has that is given 1,024.
SESSIONS = 1_100
# Seconds until a message has come back.
PATIENCE = 180


@pytest.mark.parametrize("cluster", [name for name in CLUSTERS if name in ("dojot-lab", "dojot-100k-current")])
def test_every_image_is_made_and_only_once(cluster, tmp_path):
    try:
        made = layouts(cluster)
    except Missing as missing:
        not_run(str(missing))
    assert made.keys() == set(references(cluster)) and made
    for reference, layout in made.items():
        index = json.loads((layout / "index.json").read_text())
        assert [one["annotations"]["org.opencontainers.image.ref.name"] for one in index["manifests"]] == [reference]
        for blob in (layout / "blobs" / "sha256").iterdir():
            if blob.stat().st_size < 1 << 16:
                assert hashlib.sha256(blob.read_bytes()).hexdigest() == blob.name
    times = {layout: (layout / "index.json").stat().st_mtime_ns for layout in made.values()}
    assert layouts(cluster) == made
    assert times == {layout: (layout / "index.json").stat().st_mtime_ns for layout in made.values()}


@one_cluster
def test_the_pods_of_a_cluster_start_in_the_order_of_the_waves(running):
    # The operator starts brokers and what they unpack at once: a broker that comes first ends, and is started again.
    restarts = {name: pod.restarts for name, pod in running.pods.items() if pod.restarts and name != "vernemq-k8s"}
    assert not restarts
    for name, pod in running.pods.items():
        if pod.spec.get("restartPolicy", "Always") == "Always":
            for container in pod.containers:
                container.process.check()
                assert "failed: " not in container.log, f"{name}: {container.log}"


def token(site: Site, secrets) -> str:
    said = secrets["dojot-admin-secret"]
    status, body = site.asks("auth", 5000, "POST", "/", {"username": said["user"], "passwd": said["password"]})
    assert status == 200, body
    return json.loads(body)["jwt"]


def comes_back(site: Site, *, port: int, user: str, **how: object) -> None:
    """A device's message goes through broker, bridge, Kafka, loop, Kafka and bridge, and comes back as an actuation.

    The device sends again and again, as devices do: what comes before the loop has joined its group is not for it.
    """
    broker, end = site.pods["vernemq-k8s"], time.monotonic() + PATIENCE
    with site.inside("vernemq-k8s"), Client(broker.address, port, user, user=user, patience=10, **how) as device:
        device.subscribe(f"{user}/config")
        while True:
            device.publish(f"{user}/attrs", json.dumps({"temperature": 21}).encode())
            try:
                found = device.receive()
                break
            except Unanswered:
                assert time.monotonic() < end, f"nothing comes back to {user}"
    assert (found[0], json.loads(found[1])) == (f"{user}/config", {"temperature": 21})


@one_cluster
def test_a_message_comes_back(running):
    comes_back(running, port=1883, user="admin:dev1")


@one_cluster
def test_a_device_with_a_certificate_of_x509(running, secret_values, tmp_path):
    key, request = tmp_path / "device.key", tmp_path / "device.csr"
    subprocess.run(
        [
            "openssl",
            "req",
            "-new",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            key,
            "-out",
            request,
            "-subj",
            "/CN=dev2",
        ],
        check=True,
        capture_output=True,
    )
    body = {"csr": request.read_text()}
    who = f"Bearer {token(running, secret_values)}"
    asked = ("x509-identity-mgmt", 3000, "POST", "/api/v1/certificates", body)
    assert running.asks(*asked)[0] == 401
    status, answer = running.asks(*asked, authorization=who)
    assert status == 201, answer
    (tmp_path / "device.crt").write_text(json.loads(answer)["certificatePem"])
    status, answer = running.asks("x509-identity-mgmt", 3000, "GET", "/internal/api/v1/throw-away/ca")
    context = ssl.create_default_context(cadata=json.loads(answer)["caPem"])
    context.load_cert_chain(tmp_path / "device.crt", key)
    comes_back(running, port=8883, user="admin:dev2", tls=context, name="vernemq-k8s")


@one_cluster
def test_influxdb_is_set_up_once_and_never_by_a_stranger(site):
    stranger = {"influxdb-job/1": with_value("INFLUX_TOKEN", "another")}
    with site("influxdb", "influxdb-job", "influxdb-job/1", changes=stranger) as found:
        found.start("influxdb")
        found.ready("influxdb")
        for state in ("done", "skipped"):
            found.start("influxdb-job")
            assert f"{state}: InfluxDB has bucket devices" in found.ready("influxdb-job").log
        (container,) = found.start("influxdb-job/1").containers
        assert (container.ended(), "set up with another token" in container.log) == (1, True), container.log


@one_cluster
def test_both_generations_of_web_pages_are_served(running):
    for name in ("gui", "gui-v2"):
        status, page = running.asks(name, 8080, "GET", "/")
        assert (status, "<title>" in page) == (200, True), name


def as_user(user: int):
    def change(spec) -> None:
        rights = spec["containers"][0]["securityContext"]
        rights |= {"runAsUser": user, "runAsGroup": user, "runAsNonRoot": True}

    return change


def without(variable: str):
    def change(spec) -> None:
        container = spec["containers"][0]
        kept = [one for one in container["env"] if one["name"] != variable]
        assert len(kept) < len(container["env"]), f"{variable} is not there to be taken away"
        container["env"] = kept

    return change


def with_value(variable: str, value: str):
    def change(spec) -> None:
        without(variable)(spec)
        spec["containers"][0]["env"].append({"name": variable, "value": value})

    return change


@one_cluster
@pytest.mark.parametrize(
    "name, change, code, said",
    [
        pytest.param("auth", as_user(1000), 3, "/usr/src/app/auth as user 1000", id="auth cannot write its folder"),
        pytest.param("history", without("PYTHON_EGG_CACHE"), 1, "/.cache", id="history has no place for its egg"),
        pytest.param("persister", without("PYTHON_EGG_CACHE"), 1, "/.cache", id="persister has no place for its egg"),
        pytest.param("data-manager", as_user(1000), 1, "/opt/datamanager", id="data-manager cannot write its folder"),
        pytest.param("x509-identity-mgmt", as_user(1000), 1, "user 1000:1000 cannot run it", id="x509 is one user's"),
        pytest.param("x509-identity-mgmt", without("DATABASE_JDBC_URL"), 1, "DATABASE_JDBC_URL", id="no database"),
        pytest.param("cron", with_value("AUTH_URL", "auth"), 1, "AUTH_URL", id="a variable of another form"),
    ],
)
def test_what_the_image_cannot_do_stops_its_pod(site, name, change, code, said):
    with site(name, changes={name: change}) as found:
        (container, *_) = found.start(name).containers
        assert container.ended() == code, container.log
        assert said in container.log, container.log


@one_cluster
def test_kongs_log_grows_unless_it_is_sent_to_nowhere(site):
    def with_a_log(spec) -> None:
        said = spec["containers"][0]
        said["command"] = [word.replace("ln -sf /dev/null /tmp/lualogs.txt && ", "") for word in said["command"]]

    sizes = []
    for change in (with_a_log, lambda spec: None):
        with site("postgres", "kong-migrate", "kong", changes={"kong": change}) as found:
            for name in found.pods:
                found.start(name)
                found.ready(name)
            for _ in range(10):
                assert found.asks("kong", 8000, "GET", "/nothing")[0] == 404
            sizes.append(int(found.pods["kong"].containers[0].run("stat", "-Lc", "%s", "/tmp/lualogs.txt").stdout))
    assert sizes[0] > 10 * 4 and sizes[1] == 0, sizes


@one_cluster
@pytest.mark.parametrize("files, all_there", [(1_024, False), (16_384, True)])
def test_a_broker_holds_as_many_sessions_as_it_is_given_files(site, files, all_there):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    names = ("postgres", "mongodb", "x509-identity-mgmt", "vernemq-k8s-deployment", "vernemq-k8s")
    try:
        with site(*names, files={"vernemq-k8s": (files, 20_000)}) as found:
            for name in names:
                found.start(name)
                found.ready(name)
            asked = found.pods["vernemq-k8s"].containers[0].run("sh", "-c", "cat /proc/$(pgrep -x beam.smp)/limits")
            assert re.search(rf"^Max open files +{files} ", asked.stdout, re.MULTILINE), asked
            held = sessions(found)
            assert (len(held) == SESSIONS) == all_there, f"{len(held)} of {SESSIONS} sessions"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def sessions(site: Site) -> list[socket.socket]:
    """Those of SESSIONS connections to the broker whose CONNECT is answered; the kernel takes the others, too."""
    address, held = site.pods["vernemq-k8s"].address, []
    with site.inside("vernemq-k8s"):
        opened = [socket.create_connection((address, 1883), timeout=5) for _ in range(SESSIONS)]
    for number, session in enumerate(opened):
        session.sendall(connect_packet(f"device{number}", 0))
    end = time.monotonic() + 30
    for session in opened:
        session.settimeout(max(0.01, end - time.monotonic()))
        try:
            if session.recv(4) == b"\x20\x02\0\0":
                held.append(session)
        except TimeoutError:
            end = min(end, time.monotonic())
    for session in opened:
        session.close()
    return held


@one_cluster
def test_brokers_pass_on_what_is_for_sessions_of_another(site):
    """To the session that wants it; of a shared subscription to one member, of the same broker if there is one."""
    names = ("postgres", "mongodb", "x509-identity-mgmt", "vernemq-k8s-deployment", "vernemq-k8s", "vernemq-k8s/1")
    with site(*names) as found, ExitStack() as open_sessions:
        for name in names:
            found.start(name)
            found.ready(name)

        def session(broker: str, user: str) -> Client:
            with found.inside(broker):
                return open_sessions.enter_context(
                    Client(found.pods[broker].address, 1883, user, user=user, patience=5)
                )

        here, there = "vernemq-k8s", "vernemq-k8s/1"
        assert until(lambda: all("joined" in found.pods[name].log for name in (here, there)), 60)
        device, sender = session(here, "admin:a"), session(there, "k2v-bridge-0")
        device.subscribe("admin:a/config")
        sender.publish("admin:a/config", b"1")
        assert device.receive() == ("admin:a/config", b"1")
        bridge, other = session(here, "v2k-bridge-0"), session(there, "admin:b")
        bridge.subscribe("$share/group/+/attrs")
        other.publish("admin:b/attrs", b"2")
        assert bridge.receive() == ("admin:b/attrs", b"2")
        nearer = session(there, "v2k-bridge-1")
        nearer.subscribe("$share/group/+/attrs")
        other.publish("admin:b/attrs", b"3")
        assert nearer.receive() == ("admin:b/attrs", b"3")
        for wrong in ("admin:a/attrs", "admin:b/config"):
            # It is not its topic: the broker ends the session.
            with pytest.raises(Unanswered):
                session(there, "admin:b").publish(wrong, b"4")
        for silent in (device, bridge, nearer):
            with pytest.raises(Unanswered):
                silent.receive()
