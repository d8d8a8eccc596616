"""Which objects differ from what is committed, by a real API server that holds all of a cluster as Argo CD puts it."""

from __future__ import annotations

import copy
import json
import subprocess

import pytest
import yaml
from kubernetes.client import ApiClient, Configuration
from kubernetes.config import load_kube_config

from components.desk.verify import objects
from tests.engines.kubernetes.control_plane import ControlPlane
from tests.engines.programs import control_plane
from tests.platforms import each_platform

pytestmark = each_platform
_TRACKING = "argocd.argoproj.io/tracking-id"
_MANAGER = ("--server-side", "--force-conflicts", "--field-manager=argocd-controller")


def _tracked(found, app):
    """As Argo CD marks what it applies (argo-cd, util/argo/resource_tracking.go)."""
    if found["kind"] == "CustomResourceDefinition":
        return found
    group, _, _ = found["apiVersion"].rpartition("/")
    metadata = found["metadata"]
    place = f"{metadata.get('namespace', 'dojot')}/{metadata['name']}"
    marked = copy.deepcopy(found)
    marked["metadata"].setdefault("annotations", {})[_TRACKING] = f"{app}:{group}/{found['kind']}:{place}"
    return marked


class Held:
    """A cluster's objects in an API server, and who looks at them."""

    def __init__(self, plane, cluster, compiled):
        self.plane, self.app = plane, cluster.name
        self.wanted = objects.committed(compiled)
        # Kinds first, then namespaces, then what lives in them.
        rank = {"CustomResourceDefinition": 0, "Namespace": 1, "PriorityClass": 2, "ServiceAccount": 3}
        self.sent = sorted(self.wanted, key=lambda one: rank.get(one["kind"], 9))
        for first in (True, False):
            self.apply(*(one for one in self.sent if (one["kind"] in rank) is first))
        configuration = Configuration()
        load_kube_config(config_file=str(plane.kubeconfig), client_configuration=configuration)
        self.api = ApiClient(configuration)

    def apply(self, *found):
        text = "\n".join(f"---\n{json.dumps(_tracked(one, self.app))}" for one in found)
        self.plane.kubectl("apply", *_MANAGER, "--filename=-", input=text)

    def kubectl(self, *words, **options):
        return self.plane.kubectl(*words, **options).stdout

    def look(self):
        return {each.what: each for each in objects.compared(self.api, self.app, self.wanted)}

    def some(self, kind, wanted=lambda one: True):
        return next(one for one in self.wanted if one["kind"] == kind and wanted(one))


@pytest.fixture(scope="module")
def held(cluster, compiled, tmp_path_factory):
    kubernetes = cluster.platform.kubernetes
    with ControlPlane(
        control_plane(kubernetes.minor),
        tmp_path_factory.mktemp(cluster.name) / "plane",
        controllers=False,
        scheduler=False,
        service_subnet=kubernetes.service_subnet,
        feature_gates=kubernetes.feature_gates,
        # Without the controllers no namespace gets its account, for which pods would wait.
        arguments={"kube-apiserver": ["--disable-admission-plugins=ServiceAccount"]},
    ) as plane:
        yield Held(plane, cluster, compiled)


def test_what_is_as_it_is_committed_gives_nothing(held):
    assert held.look() == {}
    assert len(held.wanted) > 50


def _patched(held, found, patch, kind="merge"):
    held.kubectl(
        *_place(found), "patch", found["kind"], found["metadata"]["name"], f"--type={kind}", "-p", json.dumps(patch)
    )


def _place(found):
    namespace = found["metadata"].get("namespace")
    return [f"--namespace={namespace}"] if namespace else []


def _container(found, **fields):
    name = found["spec"]["template"]["spec"]["containers"][0]["name"]
    return {"spec": {"template": {"spec": {"containers": [{"name": name, **fields}]}}}}


def _many(found):
    return len(found["spec"]["ports"]) > 0 and found["spec"].get("clusterIP") != "None"


def _with_env(found):
    return any("value" in one for one in found["spec"]["template"]["spec"]["containers"][0].get("env", ()))


#: Name -> kind, which of it, what is patched (strategically where the last word says so), and the words that tell it.
EDITS = {
    "replicas": ("Deployment", None, lambda one: {"spec": {"replicas": 7}}, "merge", "spec.replicas is 7, not "),
    "image": ("Deployment", None, lambda one: _container(one, image="other:1"), "strategic", "image is other:1, not "),
    "a value of env": (
        "Deployment",
        _with_env,
        lambda one: _container(
            one,
            env=[
                {
                    "name": next(
                        each["name"]
                        for each in one["spec"]["template"]["spec"]["containers"][0]["env"]
                        if "value" in each
                    ),
                    "value": "edited",
                }
            ],
        ),
        "strategic",
        "value is edited, not ",
    ),
    "one more env": (
        "Deployment",
        None,
        lambda one: _container(one, env=[{"name": "ADDED", "value": "1"}]),
        "strategic",
        "env[ADDED] is not committed; kubectl-patch has set it",
    ),
    "a limit": (
        "StatefulSet",
        None,
        lambda one: _container(one, resources={"limits": {"memory": "99Gi"}}),
        "strategic",
        "resources.limits.memory is 99Gi, not ",
    ),
    "a port": (
        "Service",
        _many,
        lambda one: [{"op": "replace", "path": "/spec/ports/0/port", "value": 4711}],
        "json",
        "4711",
    ),
    "a selector": (
        "Service",
        _many,
        lambda one: {"spec": {"selector": {"added": "x"}}},
        "merge",
        "spec.selector.added",
    ),
    "a policy": (
        "NetworkPolicy",
        lambda one: one["spec"].get("ingress"),
        lambda one: {"spec": {"ingress": [{}]}},
        "merge",
        "spec.ingress",
    ),
    "a file": (
        "ConfigMap",
        None,
        lambda one: {"data": {next(iter(one["data"])): "edited"}},
        "merge",
        " is edited, not ",
    ),
    "one more file": ("ConfigMap", None, lambda one: {"data": {"added": "x"}}, "merge", "data.added is not committed"),
    "a label": (
        "Namespace",
        lambda one: one["metadata"].get("labels"),
        lambda one: {"metadata": {"labels": {next(iter(one["metadata"]["labels"])): "edited"}}},
        "merge",
        " is edited, not ",
    ),
    "rights": ("ClusterRole", None, lambda one: {"rules": []}, "merge", "rules"),
}


@pytest.mark.parametrize("name", EDITS)
def test_an_edit_of_one_object_is_found_and_nothing_else(held, name):
    kind, wanted, patch, how, words = EDITS[name]
    found = held.some(kind, wanted or (lambda one: True))
    _patched(held, found, patch(found), how)
    try:
        said = held.look()
        named = objects.named(found)
        assert list(said) == [named] and words in said[named].wrong, said
    finally:
        # Also what nobody has committed: an apply leaves that.
        if kind != "Namespace":
            held.kubectl("delete", *_place(found), kind, found["metadata"]["name"])
        held.apply(found)
    assert held.look() == {}


def test_what_is_gone_is_found(held):
    found = held.some("NetworkPolicy")
    held.kubectl("delete", *_place(found), found["kind"], found["metadata"]["name"])
    try:
        said = held.look()
    finally:
        held.apply(found)
    assert list(said) == [objects.named(found)]
    assert said[objects.named(found)].wrong == "it is committed, and the cluster does not have it"
    assert held.look() == {}


def test_what_nobody_has_committed_is_found_by_its_mark(held):
    stranger = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "stranger", "namespace": held.some("ConfigMap")["metadata"]["namespace"]},
        "data": {"a": "b"},
    }
    other = copy.deepcopy(stranger)
    other["metadata"]["name"] = "others"
    place = _place(stranger)
    # Without the mark it is nobody's of ours; with a copied one it is the original that is meant.
    held.plane.kubectl("create", "--filename=-", input=yaml.safe_dump(other))
    copied = copy.deepcopy(stranger)
    copied["metadata"]["name"] = "copied"
    copied["metadata"]["annotations"] = _tracked(stranger, held.app)["metadata"]["annotations"]
    held.plane.kubectl("create", "--filename=-", input=yaml.safe_dump(copied))
    try:
        assert held.look() == {}
        held.apply(stranger)
        assert list(held.look()) == [objects.named(stranger)]
    finally:
        for name in ("stranger", "others", "copied"):
            held.kubectl("delete", *place, "configmap", name, "--ignore-not-found")
    assert held.look() == {}


def test_a_lost_mark_is_found(held):
    found = held.some("Service")
    held.kubectl(*_place(found), "annotate", "service", found["metadata"]["name"], f"{_TRACKING}-")
    try:
        said = held.look()
    finally:
        held.apply(found)
    assert "it has no tracking id" in said[objects.named(found)].wrong and len(said) == 1


def test_what_a_restart_leaves_is_no_drift(held):
    found = held.some("Deployment")
    held.kubectl(*_place(found), "rollout", "restart", f"deployment/{found['metadata']['name']}")
    assert held.look() == {}


def test_looking_changes_nothing(held):
    def versions():
        kinds = ",".join(sorted({one["kind"] for one in held.wanted} - {"Namespace"}))
        return subprocess.list2cmdline(
            sorted(held.kubectl("get", kinds, "-A", "-o", "jsonpath={.items[*].metadata.resourceVersion}").split())
        )

    before = versions()
    held.look()
    assert versions() == before
