"""Objects of the cluster, edited live; Argo CD is told to leave them so meanwhile, which is found as well."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from components.desk.verify import objects
from tests.rehearsal.cluster import RehearsedCluster
from tests.rehearsal.drifting import Break, Desk, Group, as_it_is
from tests.rehearsal.pods import processes_of

Object = dict[str, Any]
_TRACKING = "argocd.argoproj.io/tracking-id"
_MANAGER = ("--server-side", "--force-conflicts", "--field-manager=argocd-controller")
# What is made anew takes a while, and Argo CD says what it sees.
_ALSO = ("the Argo CD application is Synced and Healthy",)
# A service that no other calls.
_SERVICE = "gui"
_FEW = 1024


@contextmanager
def _left_alone(made: RehearsedCluster, desk: Desk) -> Iterator[None]:
    """Argo CD looks, and does not put back."""
    _sync(made, None)
    try:
        yield
    finally:
        _sync(made, {"prune": True, "selfHeal": True, "allowEmpty": False})


def _sync(made: RehearsedCluster, automated: object) -> None:
    _patch(
        made,
        f"applications.argoproj.io/{made.cluster.name}",
        _argocd(made),
        {"spec": {"syncPolicy": {"automated": automated}}},
    )


def _argocd(made: RehearsedCluster) -> str:
    return made.cluster.platform.argocd.namespace


def _patch(made: RehearsedCluster, what: str, namespace: str, patch: object, kind: str = "merge") -> None:
    made.kubectl("patch", what, f"--namespace={namespace}", f"--type={kind}", f"--patch={json.dumps(patch)}")


def _wanted(desk: Desk, kind: str, name: str = _SERVICE) -> Object:
    return next(
        one for one in objects.committed(desk.compiled) if (one["kind"], one["metadata"]["name"]) == (kind, name)
    )


def _put_back(made: RehearsedCluster, desk: Desk, kind: str, name: str, *how: str) -> None:
    """Whole: an apply would leave what others have added. `how`: another verb, as Argo CD applies it."""
    found = _wanted(desk, kind, name)
    group, _, _ = found["apiVersion"].rpartition("/")
    place = f"{found['metadata'].get('namespace', made.cluster.namespace)}/{name}"
    found["metadata"].setdefault("annotations", {})[_TRACKING] = f"{made.cluster.name}:{group}/{kind}:{place}"
    made.kubectl(*(how or ("replace",)), "--filename=-", input=json.dumps(found))


def edited(
    name: str,
    kind: str,
    patch: Callable[[Object], object],
    found: str,
    *also: str,
    how: str = "merge",
    of: str = _SERVICE,
) -> Break:
    """An object as it is committed, patched; then put back."""

    def breaks(made: RehearsedCluster, desk: Desk) -> None:
        wanted = _wanted(desk, kind, of)
        _patch(made, f"{kind}/{of}", wanted["metadata"].get("namespace", ""), patch(wanted), how)

    def mends(made: RehearsedCluster, desk: Desk) -> None:
        _put_back(made, desk, kind, of)

    return Break(name, breaks, mends, (rf"cluster: {kind} (\S+/)?{of}: .*{found}",), also)


def _container(wanted: Object, **fields: object) -> Object:
    return {
        "spec": {
            "template": {
                "spec": {
                    "containers": [{"name": wanted["spec"]["template"]["spec"]["containers"][0]["name"], **fields}]
                }
            }
        }
    }


def _kubectl(name: str, breaks: str, mends: str, *found: str, also: tuple[str, ...] = ()) -> Break:
    """Commands of kubectl, with the names of the cluster's parts."""

    def does(words: str) -> Callable[[RehearsedCluster, Desk], object]:
        def run(made: RehearsedCluster, desk: Desk) -> object:
            worker = made.cluster.workers[0]
            names = {"worker": worker.name, "label": made.cluster.group_label, "argocd": _argocd(made)}
            names |= {"value": made.cluster.groups[worker.group].label, "dojot": made.cluster.namespace}
            return made.kubectl(*words.format(**names, app=made.cluster.name).split())

        return run

    return Break(name, does(breaks), does(mends), found, also)


def _stranger(made: RehearsedCluster, desk: Desk) -> None:
    place = {"name": "stranger", "namespace": made.cluster.namespace}
    mark = f"{made.cluster.name}:/ConfigMap:{made.cluster.namespace}/stranger"
    found = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {**place, "annotations": {_TRACKING: mark}}}
    made.kubectl("create", "--filename=-", input=json.dumps(found))


# ---- A Secret

_KEPT: dict[str, str] = {}


def _lose_key(made: RehearsedCluster, desk: Desk) -> None:
    """Of the first Secret that has several; who reads it has it already."""
    secrets = made.get("secrets", f"--namespace={made.cluster.namespace}")
    found = next(one for one in secrets if one["type"] == "Opaque" and len(one.get("data", {})) > 1)
    name, key = found["metadata"]["name"], sorted(found["data"])[0]
    _KEPT.update(name=name, key=key, value=found["data"][key])
    _patch(made, f"secret/{name}", made.cluster.namespace, {"data": {key: None}})


def _give_key(made: RehearsedCluster, desk: Desk) -> None:
    patch = {"data": {_KEPT["key"]: _KEPT["value"]}}
    place = f"--namespace={made.cluster.namespace}"
    made.kubectl("patch", "secret", _KEPT["name"], place, "--patch-file=/dev/stdin", input=json.dumps(patch))


# ---- A commit that is not here


def _commit(made: RehearsedCluster, desk: Desk) -> None:
    path = made.repository.folder / "compiled" / made.cluster.name / "manifests" / f"{_SERVICE}.yml"
    path.write_text(path.read_text("utf-8") + "# another commit\n", "utf-8")
    made.repository.commit("another")
    made.asked_anew()


def _revert(made: RehearsedCluster, desk: Desk) -> None:
    path = made.repository.folder / "compiled" / made.cluster.name / "manifests" / f"{_SERVICE}.yml"
    path.write_text(path.read_text("utf-8").replace("# another commit\n", ""), "utf-8")
    made.repository.commit("back again")
    made.asked_anew()
    desk.pull()


# ---- A broker with few files


def _limit(made: RehearsedCluster, soft: int | None) -> None:
    for pod in made.brokers():
        for process in processes_of(pod["metadata"]["uid"]):
            # By its own account: root may not everywhere.
            owner = Path(f"/proc/{process}").stat()
            account = (f"--reuid={owner.st_uid}", f"--regid={owner.st_gid}", "--clear-groups")
            *_, hard, _ = next(
                line
                for line in Path(f"/proc/{process}/limits").read_text().splitlines()
                if line.startswith("Max open files")
            ).split()
            words = ("prlimit", f"--pid={process}", f"--nofile={soft or hard}:{hard}")
            subprocess.run(["setpriv", *account, *words], check=True)


def _few_files(made: RehearsedCluster, desk: Desk) -> None:
    _limit(made, _FEW)


def _enough_files(made: RehearsedCluster, desk: Desk) -> None:
    _limit(made, None)


_NEW_PODS = (rf"pod \S+/{_SERVICE}-", rf"pods of {_SERVICE}")

EDITS = (
    edited("replicas", "Deployment", lambda _: {"spec": {"replicas": 2}}, "spec.replicas is 2, not 1", *_NEW_PODS),
    edited(
        "an image",
        "Deployment",
        lambda one: _container(one, image="example.org/other:1"),
        "image is example.org/other:1, not",
        *_NEW_PODS,
        how="strategic",
    ),
    edited(
        "one more variable",
        "Deployment",
        lambda one: _container(one, env=[{"name": "ADDED", "value": "1"}]),
        r"env\[ADDED\] is not committed; kubectl-patch has set it",
        *_NEW_PODS,
        how="strategic",
    ),
    edited(
        "a limit of memory",
        "Deployment",
        lambda one: _container(one, resources={"limits": {"memory": "99Gi"}}),
        "limits.memory is 99Gi",
        *_NEW_PODS,
        how="strategic",
    ),
    edited(
        "a port of a Service",
        "Service",
        lambda _: [{"op": "replace", "path": "/spec/ports/0/port", "value": 4711}],
        "port is 4711, not",
        how="json",
    ),
    edited("a selector", "Service", lambda _: {"spec": {"selector": {"added": "x"}}}, r"spec.selector.added"),
    edited(
        "a NodePort",
        "Service",
        lambda _: [{"op": "replace", "path": "/spec/ports/0/nodePort", "value": 32111}],
        "nodePort is 32111, not",
        "gets new sessions: down in grafana",
        how="json",
        of="grafana-external",
    ),
    edited("who may come in", "NetworkPolicy", lambda _: {"spec": {"ingress": [{}]}}, "spec.ingress"),
    edited(
        "how many may be away",
        "PodDisruptionBudget",
        lambda _: {"spec": {"maxUnavailable": "50%"}},
        "maxUnavailable is 50%",
        of="vernemq-pdb",
    ),
    Break(
        "a NetworkPolicy is gone",
        lambda made, _: made.kubectl("delete", "networkpolicy", _SERVICE, f"--namespace={made.cluster.namespace}"),
        lambda made, desk: _put_back(made, desk, "NetworkPolicy", _SERVICE, "apply", *_MANAGER),
        (rf"NetworkPolicy \S+/{_SERVICE}: it is committed, and the cluster does not have it",),
    ),
    Break(
        "a foreign object with our mark",
        _stranger,
        lambda made, _: made.kubectl("delete", "configmap", "stranger", f"--namespace={made.cluster.namespace}"),
        ("ConfigMap .*stranger: it bears the mark",),
    ),
    _kubectl(
        "a lost mark",
        f"annotate service {_SERVICE} --namespace={{dojot}} {_TRACKING}-",
        f"annotate service {_SERVICE} --namespace={{dojot}} {_TRACKING}={{app}}:/Service:{{dojot}}/{_SERVICE}",
        rf"Service \S+/{_SERVICE}: Argo CD does not know it",
    ),
)
# `kubectl patch`, with the braces of a format.
_SETTINGS = (
    "patch configmap argocd-cm --namespace={argocd} --type=merge "
    '--patch={{"data":{{"application.resourceTrackingMethod":"%s"}}}}'
)
_NETWORK = "label daemonset flannel --namespace=kube-system --overwrite app.kubernetes.io/name=%s"
_PART = "label deployment argocd-server --namespace={argocd} --overwrite app.kubernetes.io/part-of=%s"
CLUSTER = (
    _kubectl(
        "a node's label",
        "label node {worker} {label}-",
        "label node {worker} {label}={value}",
        "node .* is Ready.*label: none",
        "label node",
        also=("Argo CD",),
    ),
    _kubectl("a node is cordoned", "cordon {worker}", "uncordon {worker}", "it is cordoned: kubectl uncordon"),
    Break("a key of a Secret", _lose_key, _give_key, ("Secret .* has key .*: run the step secrets", "add to Secret")),
    Break(
        "Argo CD is at another commit",
        _commit,
        _revert,
        ("Application .*: it is at .*, which is not known here",),
        _ALSO,
    ),
    _kubectl(
        "Argo CD's settings",
        _SETTINGS % "label",
        _SETTINGS % "annotation",
        "set the keys of argocd-cm",
        also=("Argo CD",),
    ),
    _kubectl("Argo CD itself", _PART % "another", _PART % "argocd", "apply Argo CD", also=("Argo CD",)),
    _kubectl("the pod network", _NETWORK % "another", _NETWORK % "flannel", "apply the pod network"),
    Break("a broker with few files", _few_files, _enough_files, (rf"broker .* may open .* files: it may open {_FEW}",)),
)
DRIFT = (Group("cluster", CLUSTER, as_it_is), Group("objects", EDITS, _left_alone, _ALSO))
