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


def test_a_limit_that_needs_a_restart_of_the_balancer_is_a_danger():
    (step,) = _due(("LOAD_BALANCER_OPEN_FILES=452096", "LOAD_BALANCER_OPEN_FILES=560096"))
    assert (step.step, step.level) == ("load-balancer", Level.DANGER)
    assert step.causes == ("LOAD_BALANCER_OPEN_FILES 452096 -> 560096",)
    assert "ends every session" in step.effects[0]


def test_a_newer_kubernetes_needs_a_person_first():
    due = _due(("v1.36.5", "v1.37.0"), ("1.36.5-1.1", "1.37.0-1.1"))
    assert _where(due) == [("node", NODES), ("control-plane", ("master",))]
    for step in due:
        assert step.level == Level.DANGER and '"A newer Kubernetes" in bootstrap/README.md' in step.effects[0]
        assert step.causes[0] == "KUBERNETES_VERSION v1.36.5 -> v1.37.0"
    assert any("the kubelet starts anew" in words for words in due[0].effects)


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


def test_a_node_that_goes_is_left_to_a_person():
    due = _due((LAST, ""))
    assert ("node", NODES[:-1]) in _where(due) and ("load-balancer", ("haproxy",)) in _where(due)
    assert (due[-1].step, due[-1].hosts, due[-1].level) == (BY_HAND, ("verne-3",), Level.DANGER)
    assert "kubectl drain verne-3" in due[-1].effects[0]
    assert not any("verne-3" in step.hosts for step in due[:-1])


def test_another_control_plane_is_another_cluster():
    due = _due(("'master|", "'first|"))
    assert {step.level for step in due if "first" in step.hosts} == {Level.DANGER}
    assert {step.step for step in due if "first" in step.hosts} >= {"node", "control-plane", "argocd"}


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
