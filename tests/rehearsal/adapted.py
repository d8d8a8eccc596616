"""What of differences.yml is objects of the cluster."""

from __future__ import annotations

import json
from typing import Any

from components.cluster.types import Cluster
from tests.engines.bootstrap.internet import place_of
from tests.rehearsal.differences import differences


def objects(cluster: Cluster, authority: str) -> list[dict[str, Any]]:
    """`authority` is the CA of the router's certificates."""
    network, policy = differences()["pod_network"], cluster.platform.pod_network.policy
    return [
        *_more_rights(policy.name, network["more_rights"]),
        *_policy(
            "requests",
            "pods",
            ["CREATE"],
            _LOW_REQUESTS.format(cpu=differences()["requests"]["cpu"]),
            # What enforces NetworkPolicies has to keep up with pods that come.
            'object.metadata.namespace != "kube-system"',
        ),
        *_policy(
            "certificates",
            "configmaps",
            ["CREATE", "UPDATE"],
            _TRUST.format(
                server=place_of(cluster.git.repository).partition("/")[0],
                authority=json.dumps(authority),
            ),
            'object.metadata.name == "argocd-tls-certs-cm"',
        ),
    ]


def _more_rights(account: str, resources: list[str]) -> list[dict[str, Any]]:
    name = {"name": f"rehearsal-{account}"}
    kind = "rbac.authorization.k8s.io"
    return [
        {
            "apiVersion": f"{kind}/v1",
            "kind": "ClusterRole",
            "metadata": name,
            "rules": [{"apiGroups": [""], "resources": resources, "verbs": ["list", "watch"]}],
        },
        {
            "apiVersion": f"{kind}/v1",
            "kind": "ClusterRoleBinding",
            "metadata": name,
            "roleRef": {"apiGroup": kind, "kind": "ClusterRole", **name},
            "subjects": [{"kind": "ServiceAccount", "name": account, "namespace": "kube-system"}],
        },
    ]


# Every container that requests processors requests this much of them.
_LOW_REQUESTS = """\
Object{{spec: Object.spec{{containers:
  object.spec.containers
    .filter(one, has(one.resources) && has(one.resources.requests) && "cpu" in one.resources.requests)
    .map(one, Object.spec.containers{{
      name: one.name, resources: Object.spec.containers.resources{{requests: {{"cpu": "{cpu}"}}}}
    }})
}}}}"""
# By server, the CAs that Argo CD trusts.
_TRUST = 'Object{{data: {{"{server}": {authority}}}}}'


def _policy(name: str, resource: str, operations: list[str], change: str, only: str = "true") -> list[dict[str, Any]]:
    """An admission policy that changes objects as they come in: those for which `only` holds."""
    api, named = "admissionregistration.k8s.io/v1", {"name": f"rehearsal-{name}"}
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": operations, "resources": [resource]}
    return [
        {
            "apiVersion": api,
            "kind": "MutatingAdmissionPolicy",
            "metadata": named,
            "spec": {
                "matchConstraints": {"resourceRules": [rule]},
                "matchConditions": [{"name": "only", "expression": only}],
                "failurePolicy": "Fail",
                "reinvocationPolicy": "Never",
                "mutations": [{"patchType": "ApplyConfiguration", "applyConfiguration": {"expression": change}}],
            },
        },
        {
            "apiVersion": api,
            "kind": "MutatingAdmissionPolicyBinding",
            "metadata": named,
            "spec": {"policyName": named["name"]},
        },
    ]
