"""Rules of which no change of tests/changes/edits.yml makes speak: each is given what it is about, and says it."""

import copy
from dataclasses import replace

import pytest

from components.review.change import Change
from components.review.fields import differing
from components.review.objects import identity
from components.review.registry import judged, rules
from components.review.side import Compiled
from components.review.types import Level, ObjectChange
from tests.changed import with_platform
from tests.changes.compiled import edits
from tests.review.test_edits import REFUSED

POLICY = {"kind": "NetworkPolicy", "metadata": {"name": "auth", "namespace": "dojot"}, "spec": {"podSelector": {}}}
KIND = {"kind": "CustomResourceDefinition", "metadata": {"name": "x"}, "spec": {"versions": []}}
DEPLOYMENT = {
    "kind": "Deployment",
    "metadata": {"name": "auth", "namespace": "dojot"},
    "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "auth"}]}}},
}


def told(before=None, after=None, objects=()) -> dict[str, Level]:
    """Rule -> level, of a change of the cluster or of objects alone."""
    sides = [Compiled({"x": b""}, cluster) for cluster in (before, after)]
    return {verdict.rule: verdict.level for verdict in judged(Change("c", *sides, tuple(objects), (), ()))}


def changed(before, after, service="auth") -> ObjectChange:
    fields = differing(before, after) if before and after else ()
    return ObjectChange(identity(before or after), service, 0, before, after, fields)


def edited(document, *path, value):
    document = copy.deepcopy(document)
    at = document
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return document


def test_every_rule_is_made_to_speak():
    here = {"hard-stop-shorter", "kept-hours-changed", "crd-changed", "unjudged", "policy-gone", "field-unknown"}
    here |= {"object-gone", "set-removed"}
    here |= {"kubernetes-skips", "runtime-changed", "account-stays"} | REFUSED
    assert {rule.name for rule in rules()} == here | {name for edit in edits() for name in edit.says}


def test_what_runs_goes():
    assert told(objects=[changed(DEPLOYMENT, None)])["object-gone"] == Level.ATTENTION
    brokers = {**DEPLOYMENT, "kind": "StatefulSet"}
    assert told(objects=[changed(brokers, None)]) == {"set-removed": Level.DANGER, "unjudged": Level.ATTENTION}


def test_a_shorter_hard_stop(guide_cluster):
    shorter = replace(guide_cluster, load_balancer=replace(guide_cluster.load_balancer, hard_stop_after=60))
    assert told(guide_cluster, shorter) == {"hard-stop-shorter": Level.ATTENTION}
    assert told(shorter, guide_cluster) == {}


def test_messages_are_kept_for_another_time(cluster):
    storing = [service for service in cluster.services if service.spec.stores]
    if not storing:
        pytest.skip("nobody keeps messages in this cluster")
    hours = storing[0].spec.stores.hours
    stores = storing[0].spec.stores.model_copy(update={"hours": hours + 1})
    other = replace(storing[0], spec=storing[0].spec.model_copy(update={"stores": stores}))
    services = tuple(other if service.name == other.name else service for service in cluster.services)
    assert told(cluster, replace(cluster, services=services)) == {"kept-hours-changed": Level.DANGER}


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ("v1.16.9", {"kubernetes-skips": Level.DANGER}),
        ("v1.17.2", {"kubernetes-skips": Level.DANGER}),
        ("v1.17.9", {"kubernetes-upgrade": Level.ATTENTION}),
        ("v1.18.0", {"kubernetes-upgrade": Level.ATTENTION}),
        ("v1.19.0", {"kubernetes-skips": Level.DANGER, "kubernetes-upgrade": Level.ATTENTION}),
        ("v2.0.0", {"kubernetes-skips": Level.DANGER, "kubernetes-upgrade": Level.ATTENTION}),
    ],
)
def test_releases_of_kubernetes(guide_cluster, version, expected):
    before = with_platform(guide_cluster, kubernetes={"version": "v1.17.3"})
    assert told(before, with_platform(guide_cluster, kubernetes={"version": version})) == expected


def test_another_runtime(guide_cluster):
    name = {"docker": "containerd", "containerd": "docker"}[guide_cluster.platform.runtime.name]
    other = with_platform(guide_cluster, runtime={"name": name})
    assert told(guide_cluster, other) == {"runtime-changed": Level.DANGER}


def test_a_policy_that_goes(guide_cluster):
    gone = changed(POLICY, None)
    assert told(guide_cluster, guide_cluster, [gone]) == {"policy-gone": Level.DANGER}
    # With its pods it may go.
    with_pods = told(guide_cluster, guide_cluster, [gone, changed(DEPLOYMENT, None)])
    assert "policy-gone" not in with_pods
    # Those of another service are no reason.
    assert "policy-gone" in told(guide_cluster, guide_cluster, [gone, changed(DEPLOYMENT, None, service="kong")])


def test_a_kind_that_changes_and_one_that_goes(guide_cluster):
    other = edited(KIND, "spec", "versions", value=[{"name": "v1"}])
    said = told(guide_cluster, guide_cluster, [changed(KIND, other)])
    assert said == {"crd-changed": Level.ATTENTION, "field-unknown": Level.ATTENTION}
    assert told(guide_cluster, guide_cluster, [changed(KIND, None)]) == {"crd-changed": Level.DANGER}


@pytest.mark.parametrize("path", [("spec", "paused"), ("apiVersion",), ("spec", "minReadySeconds")])
def test_a_field_that_nobody_knows_is_no_routine(guide_cluster, path):
    other = edited(DEPLOYMENT, *path, value=1)
    assert told(guide_cluster, guide_cluster, [changed(DEPLOYMENT, other)]) == {"field-unknown": Level.ATTENTION}


def test_a_field_that_is_refused_is_not_told_twice(guide_cluster):
    other = edited(DEPLOYMENT, "spec", "selector", value={})
    assert told(guide_cluster, guide_cluster, [changed(DEPLOYMENT, other)]) == {"immutable-field": Level.DANGER}


def test_without_models_nothing_is_routine(guide_cluster):
    assert told(None, guide_cluster) == {"unjudged": Level.ATTENTION}


def test_a_hook_is_made_anew():
    job = {
        "kind": "Job",
        "metadata": {"name": "j", "namespace": "dojot", "annotations": {}},
        "spec": {"template": {"spec": {"containers": []}}},
    }
    other = edited(job, "spec", "template", value={"spec": {"containers": [], "restartPolicy": "Never"}})
    assert told(None, None, [changed(job, other)])["immutable-field"] == Level.DANGER
    for document in (job, other):
        document["metadata"]["annotations"]["argocd.argoproj.io/hook-delete-policy"] = "BeforeHookCreation"
    assert "immutable-field" not in told(None, None, [changed(job, other)])


RIGHTS = {"kind": "Role", "metadata": {"name": "r", "namespace": "dojot"}}


@pytest.mark.parametrize(
    ("before", "after", "level"),
    [
        ([{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}], [], None),
        ([], [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}], Level.ATTENTION),
        ([], [{"apiGroups": [""], "resources": ["pods"], "verbs": ["create"]}], Level.DANGER),
        ([], [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}], Level.DANGER),
        ([], [{"apiGroups": ["apps"], "resources": ["*"], "verbs": ["get"]}], Level.DANGER),
        ([], [{"apiGroups": [""], "resources": ["pods"], "verbs": ["*"]}], Level.DANGER),
        ([], [{"nonResourceURLs": ["/metrics"], "verbs": ["get"]}], Level.ATTENTION),
        # All of a kind where it was one of them.
        (
            [{"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["a"], "verbs": ["get"]}],
            [{"apiGroups": [""], "resources": ["secrets"], "verbs": ["get"]}],
            Level.DANGER,
        ),
        # The same in two rules instead of one.
        (
            [{"apiGroups": [""], "resources": ["pods", "services"], "verbs": ["get"]}],
            [
                {"apiGroups": [""], "resources": ["services"], "verbs": ["get"]},
                {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]},
            ],
            None,
        ),
    ],
)
def test_who_may_more(guide_cluster, before, after, level):
    found = changed({**RIGHTS, "rules": before}, {**RIGHTS, "rules": after})
    assert told(guide_cluster, guide_cluster, [found]).get("rights-wider") == level


@pytest.mark.parametrize(
    ("spec", "wider"),
    [
        ({"hostNetwork": True}, True),
        ({"volumes": [{"name": "x", "hostPath": {"path": "/"}}]}, True),
        ({"containers": [{"name": "auth", "securityContext": {"privileged": True}}]}, True),
        ({"containers": [{"name": "auth", "securityContext": {"runAsUser": 0}}]}, True),
        ({"containers": [{"name": "auth", "securityContext": {"capabilities": {"add": ["NET_RAW"]}}}]}, True),
        ({"initContainers": [{"name": "first", "securityContext": {"runAsUser": 0}}]}, True),
        ({"containers": [{"name": "auth", "securityContext": {"capabilities": {"drop": ["ALL"]}}}]}, False),
        ({"volumes": [{"name": "x", "emptyDir": {}}]}, False),
    ],
)
def test_what_a_pod_may_on_its_node(guide_cluster, spec, wider):
    safe = {"runAsNonRoot": True, "runAsUser": 1000, "allowPrivilegeEscalation": False}
    pod = {"containers": [{"name": "auth"}], "securityContext": safe, "automountServiceAccountToken": False}
    before = edited(DEPLOYMENT, "spec", "template", "spec", value=pod)
    after = edited(DEPLOYMENT, "spec", "template", "spec", value={**pod, **spec})
    assert ("privilege-wider" in told(guide_cluster, guide_cluster, [changed(before, after)])) == wider
    assert "privilege-wider" not in told(guide_cluster, guide_cluster, [changed(after, before)])


@pytest.mark.parametrize(
    ("before", "after", "wider"),
    [
        ([{"from": [{"podSelector": {"matchLabels": {"name": "a"}}}]}], [], False),
        ([], [{"from": [{"podSelector": {"matchLabels": {"name": "a"}}}]}], True),
        ([{"from": [{"ipBlock": {"cidr": "10.0.0.0/8"}}]}], [{"from": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}], True),
        ([{"ports": [{"port": 1}]}], [{"ports": [{"port": 1}, {"port": 2}]}], True),
        # A rule without anybody is anybody.
        ([{"from": [{"podSelector": {}}]}], [{}], True),
    ],
)
def test_whom_a_policy_lets_in(guide_cluster, before, after, wider):
    found = changed(edited(POLICY, "spec", "ingress", value=before), edited(POLICY, "spec", "ingress", value=after))
    assert ("policy-wider" in told(guide_cluster, guide_cluster, [found])) == wider


def test_an_account_that_is_taken_away(guide_cluster):
    with_account = edited(DEPLOYMENT, "spec", "template", "spec", "serviceAccountName", value="auth")
    taken = told(guide_cluster, guide_cluster, [changed(with_account, DEPLOYMENT)])
    assert taken["account-stays"] == Level.DANGER
    other = edited(DEPLOYMENT, "spec", "template", "spec", "serviceAccountName", value="kong")
    assert "account-stays" not in told(guide_cluster, guide_cluster, [changed(with_account, other)])
    assert "account-stays" not in told(guide_cluster, guide_cluster, [changed(DEPLOYMENT, with_account)])
