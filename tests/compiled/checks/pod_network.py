"""The pod network: what its programs need (tests/compiled/pod_network.yml), and nothing more."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from tests.compiled.bootstrap_values import EMBEDDED
from tests.compiled.compare import differences
from tests.compiled.tree import Object, Tree

_FACTS = Path(__file__).resolve().parents[1] / "pod_network.yml"
_HOME = "kube-system"
_RBAC = "rbac.authorization.k8s.io"
_ENDPOINTS = {"Endpoints": "endpoints", "EndpointSlice": "discovery.k8s.io/endpointslices"}


@lru_cache(maxsize=1)
def _facts() -> dict[str, Any]:
    return yaml.safe_load(_FACTS.read_text("utf-8"))


def the_pod_network_has_what_it_needs(tree: Tree) -> list[str]:
    """Every object of each program, key by key; a program reads files, mounts and fields under any volume's name."""
    found, wanted = [], {}
    for name, fact in _facts().items():
        fact = _filled(fact, tree.parameters["platform"])
        for entry in _objects(tree, name, fact):
            wanted[_key(entry)] = entry
    there = {_key(entry): entry for entry in tree.documents[EMBEDDED["POD_NETWORK"]]}
    for key in wanted.keys() | there.keys():
        if key not in wanted or key not in there:
            found.append(f"pod network: {' '.join(key)}: {'there is none' if key in wanted else 'nobody asked for it'}")
        else:
            found += differences(_readable(there[key]), wanted[key], f"pod network: {' '.join(key)}")
    return found


def _key(entry: Object) -> tuple[str, str]:
    return entry["kind"], entry["metadata"]["name"]


def _filled(fact: Any, platform: Mapping[str, Any]) -> Any:
    """With values of the inventory in place of {words}; a container whose image it does not name falls away."""

    def value(found: re.Match) -> str:
        if found[1] == "endpoints":
            return _ENDPOINTS[platform["pod_network"]["policy"]["endpoints"]]
        return str(_at(platform, found[1]))

    if isinstance(fact, dict):
        filled = {_filled(key, platform): _filled(inner, platform) for key, inner in fact.items()}
        return {
            key: inner for key, inner in filled.items() if not isinstance(inner, dict) or inner.get("image") != "None"
        }
    if isinstance(fact, list):
        return [_filled(inner, platform) for inner in fact]
    return re.sub(r"\{([a-z_.]+)\}", value, fact) if isinstance(fact, str) else fact


def _at(platform: Mapping[str, Any], path: str) -> Any:
    """None where the inventory has nothing."""
    node: Any = platform
    for key in path.split("."):
        node = (node or {}).get(key)
    return node


def _objects(tree: Tree, name: str, fact: Mapping[str, Any]) -> Iterator[Object]:
    """As Kubernetes wants them, but for what `_readable` makes of rights, files and mounts."""
    metadata = {"name": name, "labels": {"app.kubernetes.io/name": name}}
    at_home = {**metadata, "namespace": _HOME}
    yield {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": at_home}
    yield {"apiVersion": f"{_RBAC}/v1", "kind": "ClusterRole", "metadata": metadata, "rules": fact["rights"]}
    yield {
        "apiVersion": f"{_RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": metadata,
        "roleRef": {"apiGroup": _RBAC, "kind": "ClusterRole", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": _HOME}],
    }
    annotations = {}
    if "config" in fact:
        config = {"metadata": {**at_home, "name": f"{name}-config"}, "data": fact["config"]}
        yield {"apiVersion": "v1", "kind": "ConfigMap", **config}
        # It reads its files when it starts: other files, another checksum, new pods.
        (there,) = (entry for entry in tree.documents[EMBEDDED["POD_NETWORK"]] if entry["kind"] == "ConfigMap")
        files = json.dumps(there["data"], sort_keys=True).encode()
        annotations = {"annotations": {"checksum/config": hashlib.sha256(files).hexdigest()}}
    seccomp = tree.parameters["platform"]["kubernetes"]["seccomp"]
    resources = _at(tree.parameters["platform"], fact["values"])["resources"]
    starts = [_container(name, *one, resources) for one in fact.get("starts", {}).items()]
    spec = {
        "serviceAccountName": name,
        # Every node needs its network before anything else, tainted ones too.
        "priorityClassName": "system-node-critical",
        "hostNetwork": True,
        "nodeSelector": {"kubernetes.io/os": "linux"},
        "tolerations": [{"operator": "Exists", "effect": effect} for effect in ("NoSchedule", "NoExecute")],
        **({"securityContext": {"seccompProfile": {"type": "RuntimeDefault"}}} if seccomp else {}),
        **({"initContainers": starts} if starts else {}),
        "containers": [_container(name, *one, resources) for one in fact["containers"].items()],
    }
    template = {"metadata": {"labels": metadata["labels"], **annotations}, "spec": spec}
    sets = {"selector": {"matchLabels": metadata["labels"]}, "template": template}
    yield {"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": at_home, "spec": sets}


def _container(program: str, name: str, fact: Mapping[str, Any], resources: Any) -> Object:
    capabilities = {"drop": ["ALL"], **({"add": fact["capabilities"]} if "capabilities" in fact else {})}
    told = {key: fact[key] for key in ("image", "command", "args", "livenessProbe") if key in fact}
    mounts = {
        path: ["configMap", f"{program}-config"] if source == "config" else ["hostPath", *source]
        for path, source in fact["mounts"].items()
    }
    env = {variable: {"fieldRef": {"fieldPath": field}} for variable, field in fact.get("env", {}).items()}
    return {
        "name": name,
        **told,
        **({"env": [{"name": variable, "valueFrom": source} for variable, source in env.items()]} if env else {}),
        "resources": resources,
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": capabilities},
        "volumeMounts": mounts,
    }


def _readable(entry: Object) -> Object:
    """Rights by resource, files as what they say, mounts as where they lead."""
    if "rules" in entry:
        rights: dict[str, Any] = {}
        for rule in entry["rules"]:
            if set(rule) != {"apiGroups", "resources", "verbs"}:
                return entry
            for group in rule["apiGroups"]:
                rights |= {f"{group}/{name}".removeprefix("/"): rule["verbs"] for name in rule["resources"]}
        return {**entry, "rules": rights}
    if entry["kind"] == "ConfigMap":
        return {**entry, "data": {name: json.loads(text) for name, text in entry["data"].items()}}
    if entry["kind"] != "DaemonSet":
        return entry
    pod = dict(entry["spec"]["template"]["spec"])
    volumes = {volume["name"]: {key: volume[key] for key in volume if key != "name"} for volume in pod.pop("volumes")}
    unused = set(volumes)
    for kind in {"initContainers", "containers"} & pod.keys():
        pod[kind] = [{**one, "volumeMounts": _mounts(one, volumes, unused)} for one in pod[kind]]
    if unused:
        pod["volumes"] = sorted(unused)
    template = {**entry["spec"]["template"], "spec": pod}
    return {**entry, "spec": {**entry["spec"], "template": template}}


def _mounts(container: Object, volumes: Mapping[str, Any], unused: set[str]) -> dict[str, Any]:
    found = {}
    for mount in container["volumeMounts"]:
        unused.discard(mount["name"])
        source = volumes.get(mount["name"])
        rest = {key: value for key, value in mount.items() if key not in ("name", "mountPath", "readOnly")}
        leads_to: list[Any] = [source, rest]
        if source and len(source) == 1 and not rest:
            if set(source.get("hostPath", {})) == {"path", "type"}:
                leads_to = ["hostPath", source["hostPath"]["path"], source["hostPath"]["type"]]
            elif set(source.get("configMap", {})) == {"name"}:
                leads_to = ["configMap", source["configMap"]["name"]]
        found[mount["mountPath"]] = leads_to + (["read only"] if mount.get("readOnly") else [])
    return found


CHECKS = (the_pod_network_has_what_it_needs,)
