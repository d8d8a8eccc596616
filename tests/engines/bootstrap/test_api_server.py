"""An API server of the release, told what the compiled configuration and the step `control-plane` tell it.

The manifest is the real kubeadm's. What of it comes from the inventory is given to a server that runs here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from tests.engines.bootstrap.site import COMPILED, SiteHost
from tests.engines.kubernetes.control_plane import ControlPlane
from tests.engines.programs import control_plane
from tests.platforms import each_platform

pytestmark = each_platform

MANIFEST = "/etc/kubernetes/manifests/kube-apiserver.yaml"
OURS = ("audit-", "encryption-", "profiling", "tls-cipher-suites")
SECRET, OPEN = "what-nobody-is-to-read-on-the-disk", "what-anybody-may-read-on-the-disk"


@dataclass(frozen=True)
class Server:
    host: SiteHost
    plane: ControlPlane
    pod: dict
    log: Path

    def on_the_disk(self, text: str) -> bool:
        """In any file of etcd."""
        files = [path for path in (self.plane.folder / "etcd").rglob("*") if path.is_file()]
        return any(text.encode() in path.read_bytes() for path in files)

    def logged(self, text: str) -> list[dict]:
        return [json.loads(line) for line in self.log.read_text().splitlines() if text in line]


@pytest.fixture(scope="module")
def server(ready, site, cluster, tmp_path_factory):
    folder, node = tmp_path_factory.mktemp("api-server"), cluster.control_plane
    with site.host(node.name, node.address, on=ready.host) as host:
        done = host.step("control-plane")
        # Without a runtime kubeadm init does not begin, but what it needs is there.
        assert done.returncode == 1 and "done: make a key for Secrets in etcd" in done.stdout, done.stdout + done.stderr
        again = host.step("control-plane").stdout.splitlines()
        assert again and all(line.startswith("skipped: ") for line in again), again
        init = f"--config={COMPILED}/bootstrap/kubeadm-init.yml"
        host.run("kubeadm", "init", "phase", "control-plane", "all", init)
        pod = yaml.safe_load(host.read(MANIFEST))["spec"]
        log = folder / "audit.log"
        arguments = [_here(word, host, log) for word in pod["containers"][0]["command"] if word[2:].startswith(OURS)]
        with ControlPlane(
            control_plane(cluster.platform.kubernetes.minor),
            folder / "plane",
            controllers=False,
            scheduler=False,
            service_subnet=cluster.platform.kubernetes.service_subnet,
            feature_gates=cluster.platform.kubernetes.feature_gates,
            arguments={"kube-apiserver": arguments},
        ) as plane:
            yield Server(host, plane, pod, log)


def _here(word: str, host: SiteHost, log: Path) -> str:
    """An argument with the path that the host's file has on this machine."""
    flag, _, value = word.partition("=")
    if flag == "--audit-log-path":
        return f"{flag}={log}"
    return f"{flag}={host.files}{value}" if value.startswith("/") else word


def test_every_file_is_in_a_folder_that_the_pod_sees(server):
    mounts = {one["mountPath"] for one in server.pod["containers"][0]["volumeMounts"]}
    words = [word.partition("=") for word in server.pod["containers"][0]["command"] if word[2:].startswith(OURS)]
    assert {flag for flag, _, _ in words} >= {
        "--audit-log-path",
        "--audit-policy-file",
        "--encryption-provider-config",
        "--profiling",
    }
    assert {value.rpartition("/")[0] for _, _, value in words if value.startswith("/")} <= mounts


def test_what_is_in_a_secret_is_nowhere_on_the_disk(server):
    server.plane.kubectl("create", "secret", "generic", "closed", f"--from-literal=value={SECRET}")
    server.plane.kubectl("create", "configmap", "open", f"--from-literal=value={OPEN}")
    assert server.on_the_disk(OPEN), "this test would not find a Secret either"
    assert not server.on_the_disk(SECRET)
    read = json.loads(server.plane.kubectl("get", "secret", "closed", "--output=json").stdout)
    assert read["data"].keys() == {"value"}


def test_who_has_made_it_is_noted_and_not_what_is_in_it(server):
    (made,) = [one for one in server.logged('"closed"') if one["verb"] == "create"]
    assert (made["level"], made["user"]["username"], made["stage"]) == (
        "Metadata",
        "kubernetes-admin",
        "ResponseComplete",
    )
    assert SECRET not in server.log.read_text() and not {"requestObject", "responseObject"} & made.keys()


def test_rights_are_noted_as_they_were_given(server):
    server.plane.kubectl("create", "role", "reader", "--verb=get", "--resource=pods")
    (made,) = [one for one in server.logged('"reader"') if one["verb"] == "create"]
    assert made["requestObject"]["rules"][0]["verbs"] == ["get"]


def test_what_programs_ask_all_day_is_not_noted(server):
    server.plane.kubectl("get", "--raw=/readyz")
    asked = [one["requestURI"] for one in server.logged("requestURI")]
    assert asked and not [uri for uri in asked if uri.startswith(("/readyz", "/apis/coordination.k8s.io"))]


def test_nobody_profiles_it(server):
    done = server.plane.kubectl("get", "--raw=/debug/pprof/", check=False)
    assert done.returncode != 0 and "could not find the requested resource" in done.stderr


def test_the_key_is_roots_alone(server):
    assert server.host.run("stat", "-c", "%a %U", "/etc/kubernetes/apiserver/encryption.yml").stdout == "600 root\n"
