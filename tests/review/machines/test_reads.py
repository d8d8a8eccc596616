"""Nothing that a step installs can change without that step's being due."""

from __future__ import annotations

import pytest

from components.review.machines import steps
from components.review.machines.effects import UNKNOWN, Effects
from components.review.machines.reads import Read, called, reads
from components.review.machines.script import parse
from tests.changes.compiled import CLUSTERS
from tests.compiled.bootstrap_values import SCRIPT

from .edits import FOR_PEOPLE, compiled, edited, every_edit

VERIFY = "the step verify alone reads it, which changes nothing"
#: What may change without any step's being due -> why.
EXEMPT = {
    "BROKERS": VERIFY,
    "PERSISTENT_VOLUMES": VERIFY,
    "LOAD_BALANCER_PORTS": "sessions are counted by it; haproxy.cfg and verify have the ports",
    "CLUSTER_NAME": "it is only said",
    "HAPROXY_ADMIN_SOCKET": "drain, undrain and a reload ask there; haproxy.cfg has it",
    "HAPROXY_HARD_STOP_AFTER": "a reload is refused by it; haproxy.cfg has it",
    "HAPROXY_MAX_RELOADS": "a reload is refused by it; haproxy.cfg has it",
    "POLICY_API": "upgrade asks for evictions with it; budgets have it in the manifests",
    "SESSION_LIFETIME": "drain says it and waits so long",
    "READERS": "rotate reads it, when a person wants new values",
    **dict.fromkeys(FOR_PEOPLE, "the script carries it: people read this copy"),
}
#: Of the two ways to install Kubernetes, the values of the one that a cluster does not have.
UNUSED = {
    "packages": ("BINARIES", "CNI_PLUGINS_URL", "CNI_PLUGINS_SHA256"),
    "binaries": ("KUBERNETES_PACKAGES", "KUBERNETES_REPOSITORY"),
}


@pytest.mark.parametrize("name", CLUSTERS)
def test_whatever_changes_makes_a_step_due_and_its_effect_is_known(name):
    files = compiled(name)
    script = parse(files[SCRIPT].decode())
    unused = UNUSED[script.values["KUBERNETES_FROM"]]
    # Without backups nobody asks them for anything.
    unused += ("DATABASES", "ROTATIONS") if not script.tables["BACKUPS"] else ()
    # Nobody joins a control plane that is alone.
    unused += ("KUBEADM_JOIN_CONTROL_PLANE",) if not script.tables["OTHER_CONTROL_PLANES"] else ()
    wrong, exempt = [], set()
    for what, after in every_edit(files):
        subject = what.partition(":")[0].partition(" ")[0]
        due = steps(files, after)
        if subject in EXEMPT or subject in unused:
            exempt.add(subject)
            wrong += [f"{what}: is exempt, but {step.step} is due" for step in due]
        elif not due:
            wrong.append(f"{what}: no step is due")
        wrong += [f"{what}: {step.step}: no head says what it does" for step in due if UNKNOWN.words in step.effects]
        wrong += [f"{what}: {step.step}: {step.causes}" for step in due if not step.causes]
    assert not wrong, "\n".join(wrong)
    assert exempt == {*unused, *(name for name in EXEMPT if name not in FOR_PEOPLE or name in files)}


@pytest.fixture
def script():
    return parse(compiled("today")[SCRIPT].decode())


def test_a_name_that_is_made_while_it_runs_is_found_by_its_value(script):
    assert "runtime_containerd" in called(script, "node") and "runtime_docker" not in called(script, "node")
    other = parse(compiled("guide")[SCRIPT].decode())
    assert {"runtime_docker", "install_kubernetes_binaries"} <= called(other, "node")


def test_files_that_a_step_names_are_read(script):
    found = reads(script, "load-balancer", Effects())
    assert {read.name for read in found if read.kind == "file"} == {
        "haproxy/<host>.cfg",
        "haproxy/<host>.keepalived.conf",
        "haproxy/99-dojot-haproxy.conf",
        "haproxy/haproxy.service.d-limits.conf",
    }


def test_only_columns_that_get_a_name_are_read(script):
    assert Read("table", "NODES", "0 1") in reads(script, "load-balancer", Effects())
    assert Read("table", "NODES", "0 2 3-") in reads(script, "labels", Effects())


def test_a_row_that_is_handed_on_is_read_as_a_whole():
    shell = """
# ---- values of the inventory
readonly T=(
  'a|b|c'
)
# ---- x
step_x() {
  for row in "${T[@]}"; do
    columns "$row" one _
    other "$row"
  done
}
"""
    assert Read("table", "T", "") in reads(parse(shell), "x", Effects())
    assert Read("table", "T", "0") in reads(parse(shell.replace('    other "$row"\n', "")), "x", Effects())


def test_what_comes_by_way_of_the_cluster_is_read(script):
    """No line of the step `node` names KUBEADM_INIT: a kubelet takes what the control plane was told."""
    found = reads(script, "node", Effects())
    assert [read.detail for read in found if read.name == "KUBEADM_INIT"] == ["KubeletConfiguration"]


def test_the_default_of_an_option_is_read():
    files = compiled("today")
    due = {
        step.step
        for step in steps(files, edited(files, ("'--join-file|FILE|/run/dojot-join|", "'--join-file|FILE|/x|")))
    }
    assert due == {"join-token", "join-done"} | {"worker"}
