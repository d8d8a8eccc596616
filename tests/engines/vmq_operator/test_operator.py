"""What vmq-operator makes of the brokers' object, with the rights that its Role gives it."""

from __future__ import annotations

import base64
import json

import pytest
import yaml

from components.cluster.quantity import size
from tests.compiled.tree import Tree
from tests.compiled.workloads import broker_config, workloads
from tests.engines.processes import Process, until
from tests.engines.programs import brought
from tests.engines.vmq_operator.conftest import PROGRAM
from tests.platforms import each_platform

pytestmark = each_platform

PATIENCE = 60  # seconds


@pytest.fixture(scope="module")
def operator(site):
    """The operator at work on the applied object, as the service account of its compiled pod."""
    program = brought(PROGRAM)
    namespace, name = site.cluster.namespace, site.brokers["metadata"]["name"]
    deployment = next(one for one in site.of("Deployment") if one["metadata"]["name"] == PROGRAM)
    account = deployment["spec"]["template"]["spec"]["serviceAccountName"]
    site.apply(
        *(
            one
            for one in site.of("ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding")
            if one["metadata"]["name"] in (account, site.service.spec.service_account)
        )
    )
    site.apply(site.brokers)
    user = f"system:serviceaccount:{namespace}:{account}"
    kubeconfig = site.plane.authority.kubeconfig(PROGRAM, site.plane.url, user, f"system:serviceaccounts:{namespace}")
    process = Process(
        PROGRAM,
        [program],
        site.plane.folder,
        {"KUBECONFIG": str(kubeconfig), "WATCH_NAMESPACE": namespace, "OPERATOR_NAME": PROGRAM, "POD_NAME": PROGRAM},
    )
    try:
        process.wait_until(lambda: _clustered(site, name), "done with the brokers' object", PATIENCE)
        yield process
    finally:
        process.stop()


def _clustered(site, name):
    """The last that it makes is the list of brokers, complete when their pods are there."""
    done = site.plane.kubectl(
        "-n", site.cluster.namespace, "get", "secret", "vernemq-clusterview", "-o", "json", check=False
    )
    return (
        not done.returncode
        and _text(json.loads(done.stdout), "vernemq.clusterview").count(";") == site.service.replicas
    )


def _text(secret, key):
    return base64.b64decode(secret["data"][key]).decode()


@pytest.fixture(scope="module")
def brokers(site, operator):
    """The StatefulSet that it made."""
    return site.get("statefulset", f"vernemq-{site.brokers['metadata']['name']}")


def test_it_has_every_right_that_it_needs(operator, brokers):
    log = operator.log.read_text("utf-8", "replace")
    assert "forbidden" not in log and '"level":"error"' not in log, operator.tail()


def test_the_set_is_the_object(site, brokers):
    wanted, spec = site.brokers["spec"], brokers["spec"]
    pod = spec["template"]["spec"]
    container = next(one for one in pod["containers"] if one["name"] == "vernemq")
    assert spec["replicas"] == wanted["size"] == site.service.replicas
    assert pod["affinity"] == wanted["affinity"]
    assert container["resources"] == wanted["resources"]
    assert container["image"] == f"{wanted['baseImage']}:{wanted['tag']}"
    assert pod["serviceAccountName"] == wanted["serviceAccountName"]
    assert pod["securityContext"] == wanted["securityContext"]
    assert pod["terminationGracePeriodSeconds"] == wanted["terminationGracePeriodSeconds"]
    # Of two variables of one name the last one holds.
    last = {entry["name"]: {key: value for key, value in entry.items() if key != "name"} for entry in container["env"]}
    assert {entry["name"] for entry in wanted["env"]} <= last.keys()
    for entry in wanted["env"]:
        assert last[entry["name"]] == {key: value for key, value in entry.items() if key != "name"}, entry["name"]
    assert (
        broker_config(site.brokers).splitlines()
        == base64.b64decode(last["VERNEMQ_CONF"]["value"]).decode().splitlines()
    )


def test_its_pods_are_those_that_services_select_and_anti_affinity_keeps_apart(site, brokers):
    labels = brokers["spec"]["template"]["metadata"]["labels"]
    assert labels == dict(site.service.pod_labels)
    own = {service.name for service in site.service.kubernetes_services} | {site.service.spec.external_service}
    selectors = [one["spec"]["selector"] for one in site.of("Service") if one["metadata"]["name"] in own]
    selectors += [
        one["spec"]["selector"]["matchLabels"]
        for one in site.of("PodDisruptionBudget")
        if one["metadata"]["name"].startswith(site.service.name)
    ]
    assert selectors and all(selector.items() <= labels.items() for selector in selectors)
    terms = brokers["spec"]["template"]["spec"]["affinity"]["podAntiAffinity"][
        "requiredDuringSchedulingIgnoredDuringExecution"
    ]
    assert any(term["labelSelector"]["matchLabels"].items() <= labels.items() for term in terms)


def test_each_broker_claims_its_own_volume(site, brokers):
    """The claims that the set makes are those that the PersistentVolumes are kept for, and fit into them."""
    made = json.loads(site.plane.kubectl("-n", site.cluster.namespace, "get", "pvc", "-o", "json").stdout)["items"]
    volumes = {
        one["spec"]["claimRef"]["name"]: one["spec"]
        for one in site.of("PersistentVolume")
        if one["metadata"]["labels"].get("name") == site.service.name
    }
    assert {one["metadata"]["name"] for one in made} == volumes.keys()
    for claim in made:
        volume = volumes[claim["metadata"]["name"]]
        assert claim["spec"]["storageClassName"] == volume["storageClassName"]
        assert claim["spec"]["accessModes"] == volume["accessModes"]
        assert size(claim["spec"]["resources"]["requests"]["storage"]) <= size(volume["capacity"]["storage"])


def test_the_files_that_brokers_read(site, operator, brokers):
    name, namespace = site.brokers["metadata"]["name"], site.cluster.namespace
    config = yaml.safe_load(_text(site.get("secret", "vernemq-yaml"), "config.yaml"))
    # Empty lists are left out.
    assert config == {key: value for key, value in site.brokers["spec"]["config"].items() if value}
    known = _text(site.get("secret", "vernemq-clusterview"), "vernemq.clusterview").split(";")
    assert sorted(filter(None, known)) == [
        f"vmq@vernemq-{name}-{number}.vernemq-{name}-service.{namespace}.svc.cluster.local"
        for number in range(site.service.replicas)
    ]
    mounted = {one["secret"]["secretName"] for one in brokers["spec"]["template"]["spec"]["volumes"] if "secret" in one}
    assert mounted >= {"vernemq-yaml", "vernemq-clusterview"}


def test_the_bundle_comes_from_our_image(site, operator):
    name = site.brokers["metadata"]["name"]
    bundler = site.get("deployment", f"vernemq-{name}-deployment")["spec"]["template"]
    assert bundler["spec"]["containers"][0]["image"] == site.brokers["spec"]["bundlerImage"]
    service = site.get("service", f"vernemq-{name}-vmq-bundler-service")["spec"]
    assert service["selector"].items() <= bundler["metadata"]["labels"].items()


def test_the_checks_assume_what_is_true(site, brokers):
    """tests/compiled/workloads.py says what the operator will make, without running it."""
    tree = Tree(site.cluster, {}, {}, {"manifests/vernemq.yml": [site.brokers]})
    (assumed,) = workloads(tree)
    pod = brokers["spec"]["template"]["spec"]
    assert (assumed.pods, assumed.replicas) == (brokers["metadata"]["name"], brokers["spec"]["replicas"])
    assert assumed.labels == brokers["spec"]["template"]["metadata"]["labels"]
    for key in ("affinity", "serviceAccountName", "securityContext"):
        assert assumed.spec[key] == pod[key]
    (container,), made = assumed.containers, pod["containers"][0]
    assert (container["name"], container["image"], container["resources"]) == (
        made["name"],
        made["image"],
        made["resources"],
    )
    assert [one["metadata"]["name"] for one in assumed.claim_templates] == [
        one["metadata"]["name"] for one in brokers["spec"]["volumeClaimTemplates"]
    ]


def test_it_leaves_alone_what_is_as_it_should_be(site, operator, brokers):
    name = brokers["metadata"]["name"]
    before = operator.log.read_text("utf-8", "replace").count("Reconciling")
    site.plane.kubectl(
        "-n", site.cluster.namespace, "annotate", "vernemq", site.brokers["metadata"]["name"], "looked=again"
    )
    assert until(lambda: "looked" in site.get("statefulset", name)["metadata"]["annotations"], PATIENCE)
    found = site.get("statefulset", name)
    assert operator.log.read_text("utf-8", "replace").count("Reconciling") > before
    assert (found["spec"], found["status"]["updateRevision"]) == (brokers["spec"], brokers["status"]["updateRevision"])


def test_another_number_of_brokers_is_followed(site, operator, brokers):
    fewer = site.service.replicas - 1
    resource = [
        "-n",
        site.cluster.namespace,
        "patch",
        "vernemq",
        site.brokers["metadata"]["name"],
        "--type=merge",
        "-p",
    ]
    site.plane.kubectl(*resource, json.dumps({"spec": {"size": fewer}}))
    assert until(lambda: site.get("statefulset", brokers["metadata"]["name"])["spec"]["replicas"] == fewer, PATIENCE)
    site.plane.kubectl(*resource, json.dumps({"spec": {"size": site.service.replicas}}))
    assert until(
        lambda: site.get("statefulset", brokers["metadata"]["name"])["spec"]["replicas"] == site.service.replicas,
        PATIENCE,
    )
