"""The whole loop on a real Argo CD, in the order of the file: each test goes on from what the one before left."""

from __future__ import annotations

import json
import re
import shutil
import time
import urllib.request
from datetime import datetime

import pytest
import yaml

from components.cluster.types import Cluster, Service
from components.monitoring.jobs import jobs
from components.monitoring.metrics import METRICS
from scripts.engine_catalogue import builds
from tests.conftest import ROOT
from tests.engines.argocd.application import NotReached, health, report
from tests.engines.argocd.installation import BUILD
from tests.engines.argocd.snapshot import differing, key, protected
from tests.engines.processes import until
from tests.platforms import one_a_platform


def _of_this_release() -> list[str]:
    """The clusters, one a platform, whose Argo CD is of the line built here; today's API server is too new for 2.2."""
    start = f"\nreadonly ARGOCD_VERSION={builds()[BUILD].line}"
    scripts = {name: ROOT / "compiled" / name / "bootstrap" / "bootstrap.sh" for name in one_a_platform()}
    return [name for name, path in scripts.items() if path.is_file() and start in path.read_text("utf-8")]


pytestmark = pytest.mark.parametrize("cluster", _of_this_release(), indirect=True, scope="session")


@pytest.fixture(scope="session")
def synced(laboratory):
    """The laboratory once its first commit is in the cluster: without that no other test has a meaning."""
    laboratory.synced()
    return laboratory


def plain(cluster: Cluster) -> Service:
    """A Deployment without a disruption budget, whose status would follow its pods."""
    return next(found for found in cluster.services if found.kind == "Deployment" and found.max_unavailable is None)


def spare(cluster: Cluster) -> Service:
    """A Deployment with volumes that nobody calls but the gateway."""
    called = {use.service for found in cluster.services if found.name != cluster.gateway for use in found.uses}
    return next(
        found
        for found in cluster.services
        if found.kind == "Deployment"
        and found.name not in called | {cluster.gateway}
        and any(volume.disks for volume in found.volumes)
    )


def test_prometheus_finds_the_metrics_that_its_alerts_read(synced, cluster):
    """The controller's, where the install manifest has its Service."""
    objects = yaml.safe_load_all((builds()[BUILD].target / "install.yaml").read_text("utf-8"))
    manifest = {(entry["kind"], entry["metadata"]["name"]): entry for entry in objects if entry}
    (job,) = (job for job in jobs(cluster) if job.name == "argocd")
    ((target,),) = (group["targets"] for group in job.config["static_configs"])
    host, _, port = target.partition(":")
    service = manifest["Service", host.partition(".")[0]]["spec"]
    controller = manifest["StatefulSet", "argocd-application-controller"]["spec"]["template"]
    assert service["selector"].items() <= controller["metadata"]["labels"].items()
    (entry,) = service["ports"]
    assert entry["port"] == int(port)
    policy = manifest["NetworkPolicy", "argocd-application-controller-network-policy"]["spec"]
    assert {"from": [{"namespaceSelector": {}}], "ports": [{"port": entry["targetPort"]}]} in policy["ingress"]
    with urllib.request.urlopen(synced.application.installation.metrics, timeout=30) as answer:
        lines = answer.read().decode().splitlines()
    assert all(any(line.startswith(f"{name}{{") for line in lines) for name in METRICS["argocd"])
    (info,) = (line for line in lines if line.startswith("argocd_app_info{") and f'name="{cluster.name}"' in line)
    assert 'sync_status="Synced"' in info and 'health_status="Healthy"' in info


def test_the_first_commit_becomes_synced_and_healthy(synced, figures):
    application, wanted, objects = synced.synced(), synced.manifests(), synced.snapshot().objects
    compared = {
        (entry["kind"], entry["name"], entry.get("namespace", "")): entry.get("status")
        for entry in application["status"]["resources"]
    }
    assert {name: compared.get(name) for name in wanted} == dict.fromkeys(wanted, "Synced")
    assert wanted.keys() <= objects.keys()

    hooks = {job.name for service in synced.cluster.services for job in service.jobs}
    state = application["status"]["operationState"]
    results = state["syncResult"]["resources"]
    assert {entry["name"]: entry["hookPhase"] for entry in results if entry.get("hookType")} == dict.fromkeys(
        hooks, "Succeeded"
    )
    began, ended = (datetime.fromisoformat(state[moment]) for moment in ("startedAt", "finishedAt"))
    figures("first sync, all waves, seconds", int((ended - began).total_seconds()))
    figures("objects and hooks", len(results))

    # The brokers' claims are the operator's, which does not run here.
    claimed = {disk.persistent_volume for service, _, disk in synced.cluster.disks if not service.spec.custom_resource}
    phases = {name: objects["PersistentVolume", name, ""]["status"]["phase"] for name in claimed}
    assert phases == dict.fromkeys(claimed, "Bound")


def test_the_health_of_the_brokers_is_what_their_script_says(synced):
    application = synced.application
    [(kind, name, namespace)] = [found for found in synced.manifests() if found[0] == "VerneMQ"]
    size = synced.snapshot().objects[kind, name, namespace]["spec"]["size"]
    assert health(synced.synced(), kind) == {"status": "Healthy", "message": "Accepted; the operator reports no nodes"}

    def report(running: int | None) -> None:
        """As an operator that writes a status would."""
        nodes = None if running is None else [f"node-{number}" for number in range(running)]
        change = {"status": None if nodes is None else {"nodes": nodes}}
        synced.kubectl("patch", "vernemqs.vernemq.com", name, "--type=merge", f"--patch={json.dumps(change)}")

    try:
        report(1)
        found = application.wait(lambda found: found["status"]["health"]["status"] == "Progressing", "Progressing")
        assert health(found, kind) == {"status": "Progressing", "message": f"1 of {size} nodes"}
        report(size)
        found = application.wait(lambda found: found["status"]["health"]["status"] == "Healthy", "Healthy")
        assert health(found, kind) == {"status": "Healthy", "message": f"{size} of {size} nodes"}
    finally:
        report(None)


def test_an_edit_of_the_inventory_changes_its_objects_and_no_other(synced, figures):
    before, old = synced.settled(), synced.manifests()
    service = plain(synced.cluster)
    synced.inventory.override({"services": {service.name: {"env": {"TZ": "Etc/UTC"}}}})
    synced.commit(synced.inventory.compile(), f"{service.name} gets a variable")
    began = time.monotonic()
    synced.synced()
    figures("from a commit to Synced and Healthy, seconds", time.monotonic() - began)
    expected = {("Deployment", service.name, service.namespace)}
    assert differing(old, synced.manifests()) == expected
    after = synced.snapshot()
    assert before.changed(after) == expected
    container = after.objects["Deployment", service.name, service.namespace]["spec"]["template"]["spec"]["containers"][
        0
    ]
    assert {"name": "TZ", "value": "Etc/UTC"} in container["env"]


def test_changes_by_hand_are_healed(synced, figures):
    before = synced.settled()
    service = spare(synced.cluster)
    astray = json.dumps({"spec": {"selector": {"name": "astray"}}})
    home = synced.cluster.namespace
    policy = min(name for kind, name, namespace in before.objects if (kind, namespace) == ("NetworkPolicy", home))
    synced.kubectl("scale", f"deployment/{service.name}", f"--replicas={service.replicas + 1}")
    synced.kubectl("patch", f"service/{service.kubernetes_services[0].name}", "--type=merge", f"--patch={astray}")
    synced.kubectl("delete", f"networkpolicy/{policy}")
    touched = {
        ("Deployment", service.name, home),
        ("Service", service.kubernetes_services[0].name, home),
        ("NetworkPolicy", policy, home),
    }
    assert before.changed(synced.snapshot()) == touched
    began = time.monotonic()

    def specification(objects: dict) -> dict:
        return {name: objects.get(name, {}).get("spec") for name in touched}

    healed = until(
        lambda: specification(synced.snapshot().objects) == specification(before.objects), seconds=60, pause=1
    )
    figures("from three changes by hand until all are healed, seconds", time.monotonic() - began)
    assert healed, f"not all of {sorted(touched)} are again as in Git"
    state = synced.synced()["status"]["operationState"]
    assert state["operation"]["initiatedBy"] == {"automated": True}
    assert before.changed(synced.snapshot()) == touched


def test_a_second_sync_changes_nothing_and_no_job_fails(synced):
    before = synced.settled()
    hooks = {job.name for service in synced.cluster.services for job in service.jobs}
    state = synced.application.sync()
    assert state["phase"] == "Succeeded", state["message"]
    phases = {entry["name"]: entry["hookPhase"] for entry in state["syncResult"]["resources"] if entry.get("hookType")}
    assert phases == dict.fromkeys(hooks, "Succeeded")
    synced.synced()
    assert before.changed(synced.snapshot()) == set()


def test_an_annotation_copied_by_the_operator_claims_nothing(synced):
    [found] = [found for found in synced.snapshot().objects.values() if found["kind"] == "VerneMQ"]
    tracking = "argocd.argoproj.io/tracking-id"
    copied = found["metadata"]["annotations"][tracking]
    names = {
        "copied": copied,
        "claimed": f"{synced.application.name}:apps/StatefulSet:{synced.cluster.namespace}/claimed",
    }
    for name, value in names.items():
        labels = {"app": f"test-{name}"}
        manifest = {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "metadata": {"name": name, "namespace": synced.cluster.namespace, "annotations": {tracking: value}},
            "spec": {
                "replicas": 0,
                "serviceName": name,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [{"name": "none", "image": "none"}]},
                },
            },
        }
        synced.plane.kubectl("create", "--filename=-", input=json.dumps(manifest))

    def there() -> set[str]:
        return {name for kind, name, _ in synced.snapshot().objects if kind == "StatefulSet"} & names.keys()

    try:
        # One that names itself is taken for the Application's own, is not in Git, and is pruned.
        assert until(lambda: "claimed" not in there(), seconds=60, pause=1), (
            "an object that claims to be the Application's stays"
        )
        synced.synced()
        assert there() == {"copied"}
    finally:
        synced.kubectl("delete", "statefulset", *names, "--ignore-not-found")


def test_a_broken_commit_is_reported_and_the_next_one_mends_it(synced, tmp_path):
    good = synced.compiled
    service = plain(synced.cluster)
    broken = tmp_path / "broken"
    shutil.copytree(good, broken)
    path = broken / "manifests" / f"{service.name}.yml"
    documents = list(yaml.safe_load_all(path.read_text("utf-8")))
    [deployment] = [found for found in documents if key(found)[:2] == ("Deployment", service.name)]
    # It cannot be changed once it is there.
    deployment["spec"]["selector"]["matchLabels"]["edited"] = "yes"
    deployment["spec"]["template"]["metadata"]["labels"]["edited"] = "yes"
    path.write_text(yaml.safe_dump_all(documents), "utf-8")
    synced.commit(broken, "A selector is changed")
    synced.application.wait(
        lambda found: "Retrying" in found["status"].get("operationState", {}).get("message", ""), "failing"
    )
    with pytest.raises(NotReached, match=f"Deployment {service.name}: .*selector.*field is immutable"):
        synced.application.synced(synced.revision, seconds=0)
    synced.commit(good, "The selector is as it was")
    synced.synced()


def test_a_cluster_wide_object_that_the_project_does_not_name_is_refused(synced, tmp_path):
    """Whoever may push is not thereby the cluster's administrator: a new binding never arrives."""
    good, before = synced.compiled, synced.settled()
    bindings = [found for found in synced.manifests().values() if found["kind"] == "ClusterRoleBinding"]
    pushed = tmp_path / "pushed"
    shutil.copytree(good, pushed)
    taken = json.loads(json.dumps(bindings[0]))
    taken["metadata"]["name"] = "taken-over"
    taken["roleRef"]["name"] = "cluster-admin"
    (pushed / "manifests" / "taken-over.yml").write_text(yaml.safe_dump(taken), "utf-8")
    synced.commit(pushed, "A binding that nobody has allowed")
    refused = "taken-over.* is not permitted in project"
    try:
        synced.application.wait(
            lambda found: re.search(refused, report(found)) or before.changed(synced.snapshot()), "refused"
        )
        assert re.search(refused, report(synced.application.read()))
        assert before.changed(synced.snapshot()) == set()
    finally:
        synced.commit(good, "The binding is gone")
    synced.synced()


def test_a_removed_service_is_pruned_and_its_volumes_stay(synced):
    before, old = synced.settled(), synced.manifests()
    service = spare(synced.cluster)
    others = {use.service for found in synced.cluster.services if found is not service for use in found.uses}
    # What nobody else asks goes along, or the compile says that nobody needs it.
    for name in (service.name, *{use.service for use in service.uses} - others):
        synced.inventory.remove(name)
    synced.commit(synced.inventory.compile(), f"{service.name} leaves")
    synced.synced()
    new, after = synced.manifests(), synced.snapshot()
    gone = {name for name in old.keys() - new.keys() if not protected(old[name], "Prune=false")}
    kept = old.keys() - new.keys() - gone
    assert {kind for kind, *_ in gone} >= {"Deployment", "Service"}
    assert {kind for kind, *_ in kept} == {"PersistentVolume", "PersistentVolumeClaim"}
    assert before.objects.keys() - after.objects.keys() == gone
    assert {after.objects[name]["status"]["phase"] for name in kept} == {"Bound"}
    assert before.changed(after) == differing(old, new) - kept


def test_an_argo_cd_of_others_keeps_all_that_it_has(synced):
    """platform.argocd.existing: the step looks, and finds its two objects as they should be."""
    kinds = "deployments,statefulsets,configmaps,applications.argoproj.io,appprojects.argoproj.io"

    def written() -> dict[str, dict]:
        found = json.loads(synced.application.kubectl("get", kinds, "--output=json"))["items"]
        return {f"{each['kind']} {each['metadata']['name']}": each.get("spec", each.get("data")) for each in found}

    before = written()
    said = synced.application.installation.bootstrap("argocd", ARGOCD_EXISTING="true")
    assert "somebody else's, and stays as it is" in said and "ok: its argocd-cm has the health check" in said
    assert "done:" not in said and "failed:" not in said and "the Argo CD application: nothing has changed" in said
    assert written() == before and len(before) > 5


def test_a_deleted_application_leaves_what_holds_data(synced):
    before = synced.snapshot()
    synced.application.patch({"metadata": {"finalizers": ["resources-finalizer.argocd.argoproj.io"]}})
    synced.application.kubectl("delete", "applications.argoproj.io", synced.application.name, "--timeout=90s")
    # Argo CD marks all its objects but definitions.
    marked = {
        name
        for name, found in before.objects.items()
        if "argocd.argoproj.io/tracking-id" in found["metadata"].get("annotations", {})
    }
    own = synced.manifests().keys() | marked
    kept = {name for name in own if protected(before.objects[name], "Delete=false")}
    assert {kind for kind, *_ in kept} == {
        "CustomResourceDefinition",
        "Namespace",
        "PersistentVolume",
        "PersistentVolumeClaim",
        "StorageClass",
    }
    after = synced.snapshot()
    assert own & after.objects.keys() == kept
    assert {
        name for name in kept if before.objects[name]["metadata"]["uid"] != after.objects[name]["metadata"]["uid"]
    } == set()
