"""What the bootstrap asks of people and of Kubernetes where a switch wants it, on a real API server."""

from __future__ import annotations

from dataclasses import replace

import pytest
import yaml

from components.cluster.types import PROVIDED
from components.kubeadm import script
from components.manifests.files import files as manifests
from tests.bootstrap.conftest import states, with_chosen_node_ports
from tests.changed import with_spec
from tests.engines.bootstrap.control_plane import master
from tests.engines.bootstrap.site import COMPILED
from tests.platforms import each_platform

pytestmark = each_platform
SCRIPT = f"{COMPILED}/bootstrap/bootstrap.sh"


@pytest.fixture(scope="module")
def switched(cluster):
    """NodePorts that Kubernetes chooses, and one Secret that people bring."""
    chosen = with_chosen_node_ports(cluster)
    first, *others = chosen.services
    asking = with_spec(first, secrets={**first.secrets, "brought": {"a.key": PROVIDED, "b": PROVIDED}})
    return replace(chosen, services=(asking, *others))


@pytest.fixture(scope="module")
def at(ready, site, cluster, switched, tmp_path_factory):
    with master(site, cluster, ready.host, tmp_path_factory.mktemp("switched")) as made:
        made.host.put(SCRIPT, script.script(switched))
        yield made


def test_a_secret_that_people_bring(at, switched):
    done = at.host.step("secrets")
    assert done.returncode == 1
    namespace = switched.services[0].namespace
    command = f"kubectl --namespace={namespace} create secret generic brought --from-file=a.key=FILE --from-file=b=FILE"
    assert f"failed: Secret brought is missing or lacks a key, and you provide it: {command}\n" in done.stderr
    assert f"failed: Secret brought has key b: you provide it: {command}\n" in at.host.step("verify").stdout
    # The command that it says, with a file.
    at.host.put("/root/value", "a certificate")
    at.plane.kubectl("get", "namespace", namespace)
    words = command.replace("=FILE", "=/root/value").split()
    at.host.run(words[0], "--kubeconfig=/etc/kubernetes/admin.conf", *words[1:])
    done = at.host.step("secrets")
    assert (done.returncode, states(done.stdout)) == (0, {"skipped"}), done.stderr


def test_node_ports_that_kubernetes_chooses(at, switched):
    done = at.host.step("node-ports")
    assert done.returncode == 1 and "yet: Argo CD makes it" in done.stderr
    services = [
        found
        for text in manifests(switched).values()
        for found in yaml.safe_load_all(text)
        if found["kind"] == "Service" and found["spec"]["type"] == "NodePort"
    ]
    at.plane.kubectl("apply", "--filename=-", input=yaml.safe_dump_all(services))
    done = at.host.step("node-ports")
    assert done.returncode == 0, done.stderr
    answers = {
        (service["metadata"]["name"], number): at.plane.kubectl(
            "get",
            "service",
            service["metadata"]["name"],
            f"--namespace={service['metadata']['namespace']}",
            f"--output=jsonpath={{.spec.ports[?(@.port=={number})].nodePort}}",
        ).stdout
        for service in services
        for number in (port["port"] for port in service["spec"]["ports"])
    }
    exposed = {
        frontend.variable: answers[service.spec.external_service, port.number]
        for frontend in switched.load_balancer.frontends
        for service in switched.services
        if service.name == frontend.service
        for port in service.exposed
        if port.expose.listen == frontend.listen
    }
    noted = dict(line.split() for line in at.host.read("/etc/dojot/node-ports").splitlines())
    assert noted == exposed and all(number.isdigit() for number in noted.values())
    assert states(at.host.step("node-ports").stdout) == {"skipped"}
    said = at.host.step("verify").stdout
    assert said.count("ok: /etc/dojot/node-ports has the NodePort of ") == len(noted)
