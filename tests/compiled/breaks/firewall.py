"""Breaks of tests/compiled/checks/firewall.py."""

import re

from tests.compiled import reckoned
from tests.compiled.bootstrap_values import EMBEDDED
from tests.compiled.breaking import breaks
from tests.compiled.checks import firewall
from tests.compiled.tree import Tree

_FILE = EMBEDDED["FIREWALL"]


def _edit(tree: Tree, old: str, new: str) -> str:
    text, count = re.subn(old, new, tree.files[_FILE], count=1)
    assert count, old
    tree.files[_FILE] = text
    return ""


@breaks(firewall.who_reaches_what, "does not begin with")
def whatever_is_not_named_is_dropped(tree: Tree) -> str:
    return _edit(tree, "policy accept", "policy drop")


@breaks(firewall.who_reaches_what, "does not begin with")
def a_host_without_any_other_table(tree: Tree) -> str:
    return _edit(tree, "delete table inet dojot", "flush ruleset")


@breaks(firewall.who_reaches_what, "a stranger (203.0.113.77) reaches tcp port 6443")
def an_api_server_for_everybody(tree: Tree) -> str:
    return _edit(tree, "tcp dport 6443 counter drop", "tcp dport 6444 counter drop")


@breaks(firewall.who_reaches_what, "does not reach udp port 8472")
def a_node_that_the_others_do_not_hear(tree: Tree) -> str:
    node = list(tree.parameters["cluster"]["nodes"].values())[-1]["address"]
    return _edit(tree, rf"(udp dport 8472 ip saddr {{.*?), {re.escape(node)}", r"\1")


@breaks(firewall.who_reaches_what, "does not reach tcp port")
def node_ports_for_nobody(tree: Tree) -> str:
    balancer = re.escape(next(iter(reckoned.balancers(tree.parameters).values())))
    return _edit(tree, rf"tcp dport 30000-32767 ip saddr {{.*{balancer}.*accept", "tcp dport 1 accept") or "balancer"


@breaks(firewall.who_reaches_what, "is no rule about ports")
def a_rule_about_something_else(tree: Tree) -> str:
    return _edit(tree, "tcp dport 6443 counter drop", "ip protocol icmp counter drop")
