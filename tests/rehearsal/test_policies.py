"""What the check of NetworkPolicies takes them to mean."""

from __future__ import annotations

import pytest

from tests.rehearsal.checks.policies import Pod, _admits

NAMESPACES = {"dojot": {"team": "dojot"}, "other": {"team": "other"}}
TARGET = Pod("dojot", "broker", {"app": "broker"}, "10.0.0.1", 1, {1883: "mqtt", 8888: "http"})
FRIEND = Pod("dojot", "bridge", {"app": "bridge"}, "10.0.0.2", 2, {})
STRANGER = Pod("other", "bridge", {"app": "bridge"}, "10.0.1.2", 3, {})


def _policy(*rules: dict, namespace: str = "dojot", types: tuple[str, ...] = ("Ingress",)) -> dict:
    spec = {"podSelector": {"matchLabels": {"app": "broker"}}, "policyTypes": types, "ingress": list(rules)}
    return {"metadata": {"namespace": namespace}, "spec": spec}


def _admitted(*policies: dict, port: int = 1883) -> list[bool]:
    return [_admits(policies, NAMESPACES, source, TARGET, port) for source in (FRIEND, STRANGER)]


BRIDGE = {"podSelector": {"matchLabels": {"app": "bridge"}}}


@pytest.mark.parametrize(
    ("policies", "wanted"),
    [
        pytest.param([], [True, True], id="none"),
        pytest.param([_policy()], [False, False], id="nobody"),
        pytest.param([_policy({})], [True, True], id="everybody"),
        pytest.param([_policy(namespace="other")], [True, True], id="another namespace's"),
        pytest.param([_policy(types=("Egress",))], [True, True], id="of egress"),
        pytest.param([_policy({"from": [BRIDGE]})], [True, False], id="pods of its namespace"),
        pytest.param([_policy({"from": [{**BRIDGE, "namespaceSelector": {}}]})], [True, True], id="pods of any"),
        pytest.param(
            [_policy({"from": [{"namespaceSelector": {"matchLabels": {"team": "other"}}}]})], [False, True], id="of one"
        ),
        pytest.param([_policy({"ports": [{"port": "mqtt"}]})], [True, True], id="its port by name"),
        pytest.param([_policy({"ports": [{"port": 8888}]})], [False, False], id="another port"),
        pytest.param([_policy({"from": [{"ipBlock": {"cidr": "10.0.1.0/24"}}]})], [False, True], id="addresses"),
        pytest.param(
            [_policy({"from": [{"ipBlock": {"cidr": "10.0.0.0/16", "except": ["10.0.1.0/24"]}}]})],
            [True, False],
            id="addresses but for some",
        ),
        pytest.param([_policy(), _policy({"from": [BRIDGE]})], [True, False], id="two add up"),
    ],
)
def test_whom_a_policy_admits(policies, wanted):
    assert _admitted(*policies) == wanted
