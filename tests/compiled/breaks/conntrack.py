"""Breaks of tests/compiled/checks/conntrack.py."""

import re

from tests.compiled.bootstrap_values import EMBEDDED
from tests.compiled.breaking import breaks
from tests.compiled.checks import conntrack
from tests.compiled.tree import Absent, Tree

_INIT = EMBEDDED["KUBEADM_INIT"]
_MOST = re.compile(r"^(    maxconn|    default-server maxconn) \d+", re.MULTILINE)
_TOLD = re.compile(r"^conntrack:\n(  .*\n)+", re.MULTILINE)
_PORTS = re.compile(r"( source [0-9.]+):\d+-\d+$", re.MULTILINE)


def _with(tree: Tree, lines: str) -> None:
    """These in place of what kube-proxy is told."""
    tree.files[_INIT] = _TOLD.sub(lines, tree.files[_INIT])


def _lets_through(tree: Tree, sessions: int) -> None:
    """So many of each listener, to each server."""
    for path in (path for path in tree.files if path.startswith("haproxy/") and path.endswith(".cfg")):
        if not _PORTS.search(tree.files[path]):
            raise Absent("no sessions of devices")
        text = _MOST.sub(rf"\1 {sessions}", tree.files[path])
        tree.files[path] = _PORTS.sub(rf"\1:1-{2 * sessions}", text)


@breaks(conntrack.a_nodes_table_is_never_full, "the kernel has room for 131072")
def a_table_of_kube_proxys_own_size(tree: Tree) -> str:
    _lets_through(tree, 100_000)
    _with(tree, "")
    return "drops"


@breaks(conntrack.a_nodes_table_is_never_full, "the kernel has room for 65536")
def a_table_for_fewer_than_kube_proxys_own(tree: Tree) -> str:
    _lets_through(tree, 20_000)
    _with(tree, "conntrack:\n  min: 65536\n  maxPerCore: 1\n")
    return "drops"


@breaks(conntrack.a_nodes_table_is_never_full, "the kernel has room for 1048576")
def a_table_that_many_cores_narrow(tree: Tree) -> str:
    """As kube-proxy of 1.36 does with more than it allows by cores."""
    _lets_through(tree, 900_000)
    _with(tree, "conntrack:\n  min: 9000000\n")
    return "drops"
