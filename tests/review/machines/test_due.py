"""Which hosts, what they notice, and why, told in words."""

from __future__ import annotations

import pytest

from components.review.machines import BY_HAND, steps
from components.review.types import Level
from tests.compiled.bootstrap_values import SCRIPT

from .edits import compiled, edited

FILES = compiled("today")
NODES = ("master", "dojot", "kafka", "x509", "verne-1", "verne-2", "verne-3")
LAST = "  'verne-3|192.168.0.16|worker|vernemq'\n"
NEW = "  'verne-4|192.168.0.18|worker|vernemq'\n"


def _due(*pairs, before=FILES, **files):
    """(step, hosts) of each, after these edits of the script and with these files."""
    return steps(before, {**edited(FILES, *pairs), **files})


def _where(due):
    return [(step.step, step.hosts) for step in due]


def test_nothing_is_due_where_nothing_changes():
    assert steps(FILES, dict(FILES)) == ()


def test_a_comment_of_the_balancers_configuration_is_a_reload_all_the_same():
    """The step compares bytes."""
    name = "haproxy/haproxy.cfg"
    (step,) = steps(FILES, {**FILES, name: b"# a word more\n" + FILES[name]})
    assert (step.step, step.hosts, step.level) == ("load-balancer", ("haproxy",), Level.ROUTINE)
    assert step.causes == ("haproxy/haproxy.cfg (comments alone)",)
    assert "HAProxy is reloaded" in step.effects[0]
    (step,) = steps(FILES, {**FILES, name: FILES[name] + b"    maxconn 1\n"})
    assert step.causes == ("haproxy/haproxy.cfg",)


FOLLOWS = ("readonly FOLLOW=(\n)", "readonly FOLLOW=(\n  '60|main|compiled/today|https://git.example.org/x'\n)")
CFG, LIMITS = "haproxy/haproxy.cfg", "haproxy/haproxy.service.d-limits.conf"


def test_a_load_balancer_that_follows_takes_its_configuration_by_itself():
    before = edited(FILES, FOLLOWS)
    changed = {CFG: FILES[CFG] + b"    maxconn 1\n"}
    (step,) = _due(FOLLOWS, before=before, **changed)
    assert (step.step, step.hosts, step.before_merge, step.level) == ("follow", ("haproxy",), False, Level.ROUTINE)
    assert step.effects[0] == "the host does it by itself, within 60 s of the merge"
    assert "HAProxy is reloaded" in step.effects[1] and step.causes == (CFG,)
    # The rest of the change needs a person.
    due = _due(
        FOLLOWS, ("LOAD_BALANCER_OPEN_FILES=452096", "LOAD_BALANCER_OPEN_FILES=560096"), before=before, **changed
    )
    assert [(step.step, step.causes) for step in due] == [
        ("follow", (CFG,)),
        ("load-balancer", ("LOAD_BALANCER_OPEN_FILES 452096 -> 560096",)),
    ]
    # With other limits the host waits for that.
    (step,) = _due(FOLLOWS, before=before, **changed, **{LIMITS: b"[Service]\nLimitNOFILE=1\n"})
    assert (step.step, step.causes) == ("load-balancer", (CFG, LIMITS))
    # Where it is to follow something else, or for the first time, it does not know of that yet.
    other = (FOLLOWS[0], FOLLOWS[1].replace("|main|", "|v2|"))
    for rows, earlier in ((other, before), (FOLLOWS, FILES)):
        (step,) = _due(rows, before=earlier, **changed)
        assert step.step == "load-balancer" and CFG in step.causes and any("FOLLOW" in cause for cause in step.causes)


def test_another_limit_of_the_balancer_is_a_reload():
    (step,) = _due(("LOAD_BALANCER_OPEN_FILES=452096", "LOAD_BALANCER_OPEN_FILES=560096"))
    assert (step.step, step.level) == ("load-balancer", Level.ROUTINE)
    assert step.causes == ("LOAD_BALANCER_OPEN_FILES 452096 -> 560096",)
    assert "raises its limit" in step.effects[0]


def test_a_newer_kubernetes_is_brought_by_one_step():
    """`node` and `control-plane` change no release; what kubeadm was told of it is another text for the latter."""
    due = _due(("v1.36.5", "v1.37.0"), ("1.36.5-1.1", "1.37.0-1.1"))
    assert _where(due) == [("upgrade", NODES), ("control-plane", ("master",))]
    upgrade, plane = due
    assert upgrade.level == Level.ATTENTION and upgrade.before_merge
    assert "on the control plane first, then node by node" in upgrade.effects[0]
    assert upgrade.causes[0] == "KUBERNETES_VERSION v1.36.5 -> v1.37.0"
    assert "KUBERNETES_PACKAGES: kubelet 1.36.5-1.1 -> 1.37.0-1.1" in upgrade.causes
    assert plane.causes == ("KUBEADM_INIT: ClusterConfiguration",)


def test_another_build_of_the_packages_drains_nobody():
    (step,) = _due(("1.36.5-1.1", "1.36.5-1.2"))
    assert (step.step, step.hosts) == ("upgrade", NODES)
    assert all("drained" not in words for words in step.effects)


def test_a_new_node_needs_no_step_of_an_occasion():
    due = _due((LAST, LAST + NEW))
    assert due and not [step for step in due if step.step in ("upgrade", "drain", "undrain")]


def test_a_kubelets_configuration_goes_by_way_of_the_cluster():
    due = _due(("podPidsLimit: 4096", "podPidsLimit: 4097"))
    assert _where(due) == [("node", NODES), ("control-plane", ("master",))]
    assert {step.causes for step in due} == {("KUBEADM_INIT: KubeletConfiguration",)}
    assert {step.level for step in due} == {Level.ATTENTION}


def test_the_firewall_is_loaded_anew_on_every_node():
    (step,) = _due(("# NodePorts without a load balancer", "# Other NodePorts"))
    assert (step.step, step.hosts, step.level) == ("node", NODES, Level.ROUTINE)
    assert step.causes == ("FIREWALL (comments alone)",)


def test_a_volume_elsewhere_concerns_its_node_alone():
    (step,) = _due(("'kafka|1000|/mnt/data/kafka'", "'kafka|1000|/srv/kafka'"))
    assert (step.step, step.hosts, step.level) == ("volumes", ("kafka",), Level.ATTENTION)
    assert step.causes == ("DISKS: kafka 1000 /mnt/data/kafka -> /srv/kafka",)


def test_one_volume_more_is_routine():
    (step,) = _due(("  'kafka|1000|/mnt/data/kafka'\n", "  'kafka|1000|/mnt/data/kafka'\n  'kafka|1|/srv/more'\n"))
    assert (step.hosts, step.level) == (("kafka",), Level.ROUTINE)
    assert step.causes == ("DISKS: kafka 1 /srv/more comes",)


def test_a_new_node_is_joined_and_the_others_learn_its_address():
    due = _due((LAST, LAST + NEW))
    assert _where(due) == [
        ("node", NODES),
        ("node", ("verne-4",)),
        ("volumes", ("verne-4",)),
        ("join-token", ("master",)),
        ("worker", ("verne-4",)),
        ("join-done", ("master",)),
        ("labels", ("master",)),
        ("load-balancer", ("haproxy",)),
    ]


def test_several_new_nodes_are_told_together():
    (worker,) = (step for step in _due((LAST, LAST + NEW + NEW.replace("4", "5"))) if step.step == "worker")
    assert worker.hosts == ("verne-4", "verne-5")
    assert worker.causes == ("NODES: verne-4 comes", "NODES: verne-5 comes")
    assert worker.place == ""
    # Those that were there all along learn the addresses, but they are not every node.
    assert {step.place for step in _due((LAST, LAST + NEW)) if step.step == "node"} == {""}
    assert {step.place for step in _due((LAST, LAST + NEW)) if step.step == "labels"} == {"control plane"}


def test_a_node_that_goes_is_left_to_a_person():
    due = _due((LAST, ""))
    assert ("node", NODES[:-1]) in _where(due) and ("load-balancer", ("haproxy",)) in _where(due)
    assert (due[-1].step, due[-1].hosts, due[-1].level) == (BY_HAND, ("verne-3",), Level.DANGER)
    assert "kubectl drain verne-3" in due[-1].effects[0]
    assert not any("verne-3" in step.hosts for step in due[:-1])
    # Their firewalls close to it: not while it has pods. They open to another one before that has any.
    assert not any(step.before_merge for step in due)
    assert all(step.before_merge for step in _due((LAST, NEW)) if step.step == "node")


def test_another_control_plane_is_another_cluster():
    due = _due(("'master|", "'first|"))
    assert {step.level for step in due if "first" in step.hosts} == {Level.DANGER}
    assert {step.step for step in due if "first" in step.hosts} >= {"node", "control-plane", "argocd"}


def test_more_control_planes_join_those_that_are_there():
    none, two = "readonly OTHER_CONTROL_PLANES=(\n)", "readonly OTHER_CONTROL_PLANES=(\n  plane-2\n  plane-3\n)"
    row = "  'plane-{0}|192.168.0.2{0}|control-plane|control-plane'\n"
    three = ((LAST, LAST + row.format(2) + row.format(3)), (none, two))
    five = (
        (LAST, LAST + "".join(map(row.format, range(2, 6)))),
        (none, two.replace("\n)", "\n  plane-4\n  plane-5\n)")),
    )
    due = _due(*five, before=edited(FILES, *three))
    new = [(name, hosts) for name, hosts in _where(due) if {"plane-4", "master"} & {*hosts} and "node" not in name]
    assert new == [
        ("volumes", ("plane-4", "plane-5")),
        ("join-key", ("master",)),
        ("join-control-plane", ("plane-4", "plane-5")),
        ("join-done", ("master",)),
        ("labels", ("master",)),
    ]
    assert not {step.level for step in due} & {Level.DANGER}


def test_another_address_of_a_node_needs_a_person_there_alone():
    due = _due(("192.168.0.16|worker", "192.168.0.26|worker"))
    assert [(step.step, step.hosts) for step in due if step.level == Level.DANGER] == [
        ("node", ("verne-3",)),
        ("volumes", ("verne-3",)),
        ("worker", ("verne-3",)),
    ]
    assert ("node", NODES[:-1]) in _where(due)


def test_another_group_is_one_label():
    (step,) = _due(("verne-3|192.168.0.16|worker|vernemq", "verne-3|192.168.0.16|worker|kafka"))
    assert (step.step, step.hosts) == ("labels", ("master",))


@pytest.mark.parametrize("name", ["application", "project", "argocd-cm"])
def test_argocd_does_not_read_its_own_folder(name):
    (step,) = steps(FILES, {**FILES, f"argocd/{name}.yml": b"{}\n"})
    assert (step.step, step.hosts) == ("argocd", ("master",))
    assert step.causes == (f"argocd/{name}.yml",) and "does not read this file from Git" in step.effects[0]


@pytest.mark.parametrize(
    ("kinds", "first"),
    [
        pytest.param("- {group: apps, kind: StatefulSet}", False, id="what goes is deleted first"),
        pytest.param(
            "- {group: apps, kind: StatefulSet}\n  - {group: x, kind: X}", True, id="what comes has to be allowed"
        ),
        pytest.param(
            "- {group: apps, kind: StatefulSet}\n  - {group: apps, kind: Deployment}",
            True,
            id="only its order is another one",
        ),
    ],
)
def test_what_argocd_is_to_delete_its_project_allows_until_it_is_gone(kinds, first):
    def files(entries: str) -> dict[str, bytes]:
        return {**FILES, "argocd/project.yml": f"spec:\n  namespaceResourceWhitelist:\n  {entries}\n".encode()}

    both = "- {group: apps, kind: Deployment}\n  - {group: apps, kind: StatefulSet}"
    due = {step.step: step.before_merge for step in steps(files(both), files(kinds))}
    assert due == {"argocd": first}


def test_another_platform_is_told_in_a_handful_of_words():
    due = steps(compiled("guide"), FILES)
    node = next(step for step in due if step.step == "node")
    assert node.level == Level.DANGER and len(node.causes) == 6 and node.causes[-1].startswith("and ")
    assert "containerd starts anew; pods go on running" in node.effects
    assert "Docker starts anew; containers go on running (live-restore)" not in node.effects
    assert "the step itself is another one" not in " ".join(node.effects)


def test_chosen_node_ports_are_fetched_first():
    rows = "  'KONG_HTTP|dojot/kong|http'\n"
    due = _due(("readonly NODE_PORTS=(\n", f"readonly NODE_PORTS=(\n{rows}"))
    assert _where(due) == [("node-ports", ("master",)), ("load-balancer", ("haproxy",))]


def test_other_code_is_run_again_wherever_it_is_part_of_a_step():
    due = _due(("install_packages() {\n", "install_packages() {\n  true\n"))
    assert _where(due) == [("node", NODES), ("load-balancer", ("haproxy",))]
    for step in due:
        assert step.causes == ("the step's own code: install_packages",) and step.level == Level.ATTENTION
        assert step.effects == ("the step itself is another one: run it again, it skips what is as it should be",)
    everywhere = {step.step for step in _due(("umask 022", "umask 077"))}
    assert everywhere >= {"node", "volumes", "control-plane", "worker", "secrets", "argocd", "load-balancer"}


def test_other_words_of_a_report_are_no_reason():
    assert _due(("report skipped 'swap is off'", "report skipped 'there is no swap'")) == ()


def test_a_part_that_no_head_here_knows_gets_attention():
    """Of an older commit: its function is called, and has a value of its own."""
    pair = ("  switch_swap_off\n", '  switch_swap_off\n  older_part "$OLDER"\n')
    head = ("readonly CLUSTER_NAME=", "readonly OLDER=1\nreadonly CLUSTER_NAME=")
    part = ("\n# ---- volumes\n", '\n# ---- older\nolder_part() {\n  write_file "$OLDER"\n}\n\n# ---- volumes\n')
    before = edited(FILES, pair, head, part)
    (step,) = steps(before, edited(before, ("OLDER=1", "OLDER=2")))
    assert (step.step, step.level, step.causes) == ("node", Level.ATTENTION, ("OLDER 1 -> 2",))


def test_a_script_that_does_not_say_its_steps_is_left_to_a_person():
    due = _due(("readonly STEPS=(", "readonly STAGES=("))
    assert [(step.step, step.hosts, step.level) for step in due] == [(BY_HAND, (*NODES, "haproxy"), Level.DANGER)]


def test_a_step_that_is_gone_cannot_be_run():
    row = next(line for line in FILES[SCRIPT].decode().splitlines() if line.startswith("  'volumes|"))
    assert "volumes" not in {step.step for step in _due((f"{row}\n", ""))}
    assert ("volumes", NODES) not in _where(steps(FILES, dict(FILES)))
