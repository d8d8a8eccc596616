"""What is made of what hosts, the API server and Git say; judged by what real steps and objects look like."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from rich.console import Console

from components.desk.commit import Commit
from components.desk.hosts import hosts
from components.desk.plan import of_the_plan, tasks
from components.desk.ssh import Ended
from components.desk.verify import application, backups, kubelets, message, metrics, places, steps, tell
from components.desk.verify.differences import added, differing, stated
from components.desk.verify.finding import Finding, Look, once
from components.desk.verify.look import SOURCES
from components.desk.verify.way import of_cluster
from components.kubeadm import steps as parts
from tests.conftest import ROOT


@pytest.fixture
def cluster(guide_cluster):
    return guide_cluster


@pytest.fixture
def host(cluster):
    return hosts(cluster)[1]


def _finding(what="/etc/hosts", wrong="it differs", where="verne-1"):
    return Finding(where=where, what=what, wrong=wrong, do="make up", source="hosts")


def _look(*findings, **more):
    fields = {"cluster": "c", "commit": "0" * 40, "at": 1700000000, "seconds": 1.5, "looked": SOURCES, "notes": ()}
    return Look(**(fields | more), findings=findings)


# ---- Steps


def test_a_dry_run_that_would_change_nothing_finds_nothing(cluster, host):
    said = "skipped: /etc/hosts is as it should be\nok: /etc/kubernetes/pki/ca.crt ends on 2036-01-01 (3650 days)\n"
    assert steps.of_dry_run(Ended(0, said, "some chatter of apt\n"), "node", host, cluster.name) == []


def test_each_line_of_a_dry_run_is_a_finding(cluster, host):
    said = "skipped: a\nwould: write /etc/hosts\nwould: hold packages: kubelet\nwould: wait until x\n"
    said += "would: refuse: it is lost: mount it\n"
    found = steps.of_dry_run(Ended(1, said, "failed: the socket is gone\n"), "node", host, cluster.name)
    assert [(each.where, each.what) for each in found] == [
        (host.name, "/etc/hosts"),
        (host.name, "hold packages: kubelet"),
        (host.name, "step node"),
        (host.name, "step node"),
    ]
    assert [each.wrong for each in found[2:]] == ["it is lost: mount it", "the socket is gone"]
    assert all(f"--hosts {host.name} --only node" in each.do for each in found)


@pytest.mark.parametrize("made", [steps.of_dry_run, steps.of_verify])
def test_a_script_that_ends_badly_without_a_word_is_a_finding(cluster, host, made):
    where = (host.name,) if made is steps.of_verify else ("node", host, cluster.name)
    (found,) = made(Ended(127, "", "bash: no such file\n"), *where)
    assert "it ends with 127: bash: no such file" in found.wrong


def test_what_verify_says_is_a_finding_but_for_its_sum():
    said = (
        "ok: node a is Ready\nfailed: pod dojot/kong-1 is ready: Pending\nskipped: b\n"
        "failed: Secret x has key y: run the step secrets\n"
    )
    found = steps.of_verify(Ended(1, said, "failed: 2 things are not as the inventory says\n"), "cluster")
    assert [(each.what, each.wrong) for each in found] == [
        ("pod dojot/kong-1 is ready", "Pending"),
        ("Secret x has key y", "run the step secrets"),
    ]
    assert found[0].do == "kubectl --namespace=dojot describe pod kong-1"


def test_every_step_of_a_bring_up_is_asked_but_for_those_that_wait_or_serve_others(cluster):
    every = parts.read().steps
    plan = tasks(of_the_plan(every, {"BACKUPS", "NODE_PORTS"}), hosts(cluster))
    asked = {name for host in hosts(cluster) for name in (step.name for step in steps.asked(every, plan, host))}
    planned = {task.step.name for task in plan}
    assert planned - asked == {"join-token", "synced", "verify"} and asked - planned == {"certificates"}


# ---- Objects


CONTAINER = {"name": "c", "image": "a:1", "env": [{"name": "A", "value": "1"}]}


def test_differences_are_told_leaf_by_leaf_and_by_name():
    live = {"spec": {"replicas": 2, "containers": [CONTAINER | {"env": [{"name": "B", "value": "1"}]}]}}
    wanted = {"spec": {"replicas": 1, "containers": [CONTAINER]}}
    assert list(differing(live, wanted)) == [
        "spec.containers[c].env[A] is missing: {'name': 'A', 'value': '1'}",
        "spec.containers[c].env[B] is {'name': 'B', 'value': '1'}, and is not committed",
        "spec.replicas is 2, not 1",
    ]
    assert list(differing(wanted, wanted)) == []


def test_of_long_texts_the_line_is_told():
    (said,) = differing({"data": {"f": "a\nb\nc\n"}}, {"data": {"f": "a\nB\nc\n"}})
    assert said == "data.f, line 2 is b, not B"
    (said,) = differing({"data": {"f": "a\n"}}, {"data": {"f": "a"}})
    assert said == "data.f, line 2 is empty, not missing"


def test_what_is_committed_is_compared_where_an_apply_is_refused():
    live = {"ports": [{"name": "http", "port": 4711, "protocol": "TCP", "nodePort": 1}], "type": "NodePort"}
    wanted = {"ports": [{"name": "http", "port": 80}]}
    assert list(differing(stated(live, wanted), wanted)) == ["ports[http].port is 4711, not 80"]


def _managed(manager, fields, **more):
    return {"metadata": {"managedFields": [{"manager": manager, "operation": "Update", "fieldsV1": fields, **more}]}}


ENV = {
    "f:spec": {
        "f:containers": {
            'k:{"name":"c"}': {".": {}, "f:env": {'k:{"name":"A"}': {"f:value": {}}, 'k:{"name":"B"}': {".": {}}}}
        }
    }
}
WANTED = {"spec": {"containers": [CONTAINER], "ports": [{"port": 80}]}}


def test_a_field_beside_the_committed_ones_is_told_with_who_has_set_it():
    live = _managed("kubectl-edit", ENV)
    said = "spec.containers[c].env[B] is not committed; kubectl-edit has set it"
    assert list(added(live, WANTED, "argocd-controller")) == [said]


@pytest.mark.parametrize(
    "live",
    [
        _managed("argocd-controller", ENV),
        _managed("kube-controller-manager", ENV),
        _managed("vmq-operator", ENV, subresource="status"),
        _managed("kubectl-annotate", {"f:metadata": {"f:annotations": {"f:mine": {}}}}),
        _managed("operator", {"f:status": {"f:nodes": {}}}),
        _managed("kubectl-edit", {"f:spec": {"f:ports": {'k:{"port":80,"protocol":"TCP"}': {"f:port": {}}}}}),
        _managed(
            "kubectl-rollout",
            {"f:spec": {"f:template": {"f:metadata": {"f:annotations": {"f:kubectl.kubernetes.io/restartedAt": {}}}}}},
        ),
    ],
    ids=lambda live: live["metadata"]["managedFields"][0]["manager"],
)
def test_what_the_system_sets_and_what_is_committed_is_not_told(live):
    wanted = {"spec": {**WANTED["spec"], "template": {"metadata": {"annotations": {}}}}}
    assert list(added(live, wanted, "argocd-controller")) == []


# ---- The Application


@pytest.fixture
def commit(tmp_path):
    """A repository with two commits, which differ in a manifest, and one that differs in none."""

    def git(*words):
        own = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false")
        done = subprocess.run(["git", "-C", tmp_path, *own, *words], check=True, capture_output=True, text=True)
        return done.stdout.strip()

    folder = tmp_path / "compiled" / "c"
    (folder / "manifests").mkdir(parents=True)
    git("init", "--quiet")
    made = []
    for path, text in (("manifests/kong.yml", "1"), ("manifests/kong.yml", "2"), ("README.md", "3")):
        (folder / path).write_text(text)
        git("add", "--all")
        git("commit", "--quiet", "--message=m")
        made.append(git("rev-parse", "HEAD"))
    return Commit.of(folder), made


def _application(revision, automated=True):
    return {"spec": {"syncPolicy": {"automated": {}} if automated else {}}, "status": {"sync": {"revision": revision}}}


def test_the_commit_of_the_application_is_compared_by_its_manifests(commit):
    here, (first, second, third) = commit
    assert str(here) == third
    # The same, and one with the same manifests.
    assert not [*application.findings(_application(third), here), *application.findings(_application(second), here)]
    ((wrong, do),) = application.findings(_application(first), here)
    assert f"it is at {first[:12]}, where 1 manifests differ, such as kong.yml" in wrong and "git pull" in do
    ((wrong, do),) = application.findings(_application("f" * 40), here)
    assert "not known here" in wrong and do.startswith("git fetch")
    ((wrong, _),) = application.findings(_application(third, automated=False), here)
    assert wrong == "it does not sync by itself"


def test_a_folder_that_is_not_as_in_its_commit_is_noted(commit, tmp_path_factory):
    here, _ = commit
    assert not list(application.note(here))
    (here.folder / "manifests" / "kong.yml").write_text("edited")
    assert str(here).endswith("+") and "is not as in the commit" in next(iter(application.note(here)))
    outside = Commit.of(tmp_path_factory.mktemp("outside"))
    assert str(outside) == "unknown" and "in no Git repository" in next(iter(application.note(outside)))


# ---- Places, kubelets, backups


def _pods(cluster):
    """Of each service as many as it has, on its nodes in turn: where they belong."""
    for service in cluster.services:
        nodes = [node.name for node in cluster.nodes_of(service)]
        for number in range(service.replicas):
            disks = [volume.disks for volume in service.volumes if volume.disks]
            at = disks[0][number].node.name if disks else nodes[number % len(nodes)]
            yield {
                "metadata": {
                    "name": f"{service.name}-{number}",
                    "namespace": service.namespace,
                    "labels": dict(service.pod_labels),
                },
                "spec": {"nodeName": at},
                "status": {"phase": "Running"},
            }


def test_pods_that_stand_where_they_belong_give_nothing(cluster):
    pods = list(_pods(cluster))
    assert len(pods) > 20 and list(places.findings(cluster, pods)) == []
    # One that waits for a node, and one that has ended elsewhere.
    pods[0]["spec"].pop("nodeName")
    pods[1]["spec"]["nodeName"], pods[1]["status"]["phase"] = "elsewhere", "Failed"
    assert list(places.findings(cluster, pods)) == []


def test_a_pod_of_another_group_and_a_pair_of_brokers_are_found(cluster):
    pods = {pod["metadata"]["name"]: pod for pod in _pods(cluster)}
    lost = pods["kong-0"]
    lost["spec"]["nodeName"] = cluster.control_plane.name
    (found,) = places.findings(cluster, pods.values())
    assert found.what == f"pod {lost['metadata']['namespace']}/kong-0" and cluster.control_plane.name in found.wrong
    lost["spec"]["nodeName"] = cluster.nodes_of(cluster.service("kong"))[0].name
    brokers = [name for name, pod in pods.items() if pod["metadata"]["labels"] == dict(cluster.brokers.pod_labels)]
    one, other = (pods[name] for name in brokers[:2])
    one["spec"]["nodeName"] = other["spec"]["nodeName"]
    (found,) = places.findings(cluster, pods.values())
    assert found.what == f"pods of {cluster.brokers.name}" and "2 of them" in found.wrong


def test_of_a_kubelet_what_is_committed_counts(cluster):
    wanted = kubelets.committed(cluster)
    assert wanted["podPidsLimit"]
    assert list(kubelets.different({**wanted, "kind": "", "syncFrequency": "1m0s"}, wanted)) == []
    (said,) = kubelets.different({**wanted, "podPidsLimit": 7}, wanted)
    assert said == f"podPidsLimit is 7, not {wanted['podPidsLimit']}"


def test_an_old_backup_and_none_at_all_are_found():
    text = "# TYPE dojot_backup_timestamp_seconds gauge\ndojot_backup_timestamp_seconds 1000000\n"
    assert backups.late(text, "", 1000000 + 29 * 3600, 30) == ""
    assert "31 hours old" in backups.late(text, "", 1000000 + 31 * 3600, 30)
    assert backups.late("", "", 0, 30) == "there has been none yet"
    assert backups.late("", "1000000\n", 1000000 + 29 * 3600, 30) == ""
    assert backups.late("", "1000000\n", 1000000 + 31 * 3600, 30) == "there has been none yet"


def test_the_cluster_is_known_by_its_control_plane(cluster):
    master = cluster.control_plane

    def node(name, address, kind="InternalIP"):
        return {"metadata": {"name": name}, "status": {"addresses": [{"type": kind, "address": address}]}}

    assert of_cluster([node("other", "192.0.2.1"), node(master.name, master.address)], cluster)
    for wrong in (("other", master.address), (master.name, "192.0.2.1"), (master.name, master.address, "Hostname")):
        assert not of_cluster([node(*wrong)], cluster)


def test_a_device_uses_the_listener_of_its_kind(cluster):
    plain = message.listener(cluster, message.Device("admin:a"))
    secret = message.listener(cluster, message.Device("admin:a", Path("c"), Path("k"), Path("a")))
    assert (plain.listen, secret.listen) == (1883, 8883)


# ---- How it is told


def test_what_two_places_say_alike_is_told_once():
    assert len(once([_finding(where="cluster"), _finding(where="balancer"), _finding(wrong="more")])) == 2


def test_a_second_look_tells_what_is_new_and_what_is_gone():
    before = _look(_finding("a"), _finding("b", "it is 31 hours old"))
    now = _look(_finding("b", "it is 32 hours old"), _finding("c"))
    new, gone = tell.changes(before, now)
    assert [each.what for each in new] == ["c"] and [each.what for each in gone] == ["a"]
    said = io.StringIO()
    tell.tell_changes(before, now, Console(file=said))
    told = re.findall(r"^\d\d:\d\d:\d\d (new|gone): verne-1: (\w)", said.getvalue(), re.M)
    assert told == [("new", "c"), ("gone", "a")]
    quiet = io.StringIO()
    tell.tell_changes(now, now, Console(file=quiet))
    assert quiet.getvalue() == ""


@pytest.mark.parametrize("terminal", [True, False])
def test_every_finding_is_told_with_its_place_and_what_to_do(terminal):
    said = io.StringIO()
    found = _look(_finding("[red]a"), _finding("b", where="cluster"), notes=("no message",))
    tell.tell(found, Console(file=said, width=200, force_terminal=terminal, color_system=None), ["cluster", "verne-1"])
    text = said.getvalue()
    assert text.index("cluster") < text.index("verne-1")
    for words in ("[red]a", "make up", "it differs", "note: no message", "2 findings"):
        assert words in text
    nothing = io.StringIO()
    tell.tell(_look(), Console(file=nothing), [])
    assert nothing.getvalue().startswith("nothing found: c is as 000000000000 says")


def test_json_is_as_its_schema_says():
    schema = json.loads((ROOT / "docs" / "verify.schema.json").read_text("utf-8"))
    text = _look(_finding()).model_dump_json()
    jsonschema.validate(json.loads(text), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(json.loads(text) | {"more": 1}, schema)


def test_a_metric_names_place_and_thing(tmp_path):
    path = tmp_path / "verify.prom"
    metrics.write(_look(_finding('a "b" \\ \t c'), _finding("x"), _finding("x", "more")), path)
    text = path.read_text()
    assert 'dojot_drift{cluster="c",place="verne-1",source="hosts",thing="a \\"b\\" \\\\ c"} 1\n' in text
    assert 'thing="x"} 2\n' in text and 'dojot_verify_findings{cluster="c"} 3\n' in text
    assert 'dojot_verify_timestamp_seconds{cluster="c"} 1700000000\n' in text
    assert path.stat().st_mode & 0o777 == 0o644 and [each.name for each in tmp_path.iterdir()] == [path.name]


# ---- The command


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["dojot-nowhere"], "which cluster?"),
        (["{cluster}", "--only", "host"], "there is no source host, but: hosts, "),
        (["{cluster}", "--hosts", "nobody"], "there is no host nobody, but: "),
        (["{cluster}", "--watch", "0"], "no number of seconds"),
        (["{cluster}", "--device-cert", "x"], "--device TENANT:NAME says whose"),
        (["{cluster}", "--device", "a:b", "--device-key", "x"], "needs all three"),
        (["{cluster}", "--device=a:b", *(f"--device-{one}=/no" for one in ("cert", "key", "ca"))], "cannot be used"),
        (["{cluster}", "--metrics", "/nowhere/at/all"], "there is no folder /nowhere/at"),
    ],
)
def test_wrong_use_is_said_and_ends_with_2(options, words):
    name = sorted(path.stem for path in (ROOT / "inventory" / "targets").glob("*.yml"))[0]
    command = [sys.executable, ROOT / "scripts" / "verify.py", *(word.format(cluster=name) for word in options)]
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    assert done.returncode == 2 and words in done.stderr and "Traceback" not in done.stderr
