"""A node's table of connections, as kube-proxy sizes it, beside what the load balancers' own files let through."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import yaml

from tests.compiled import reckoned
from tests.compiled.bootstrap_values import EMBEDDED
from tests.compiled.tree import Tree
from tests.haproxy.configuration import Section, sections

# Nothing of kube-proxy's rule may depend on the machine: these are its corners.
_CORES = (1, 4, 5, 32, 33, 128)


def a_nodes_table_is_never_full(tree: Tree) -> list[str]:
    """Of HAProxy's connections, open ones and as many that have closed; one more than its source ports is the same
    one again."""
    documents = yaml.load_all(tree.files[EMBEDDED["KUBEADM_INIT"]], Loader=yaml.CSafeLoader)
    proxy = next(one for one in documents if one["kind"] == "KubeProxyConfiguration")
    sizes = [size for cores in _CORES for size in _sizes(proxy.get("conntrack", {}), cores)]
    needed: Counter[str] = Counter()
    for host in reckoned.balancers(tree.parameters):
        for section in sections(tree.files[f"haproxy/{host}.cfg"]):
            if section.kind == "listen":
                needed.update(_entries(section))
    return [
        f"{node}: of {many} connections, the kernel has room for {min(sizes)} and drops the others"
        for node, many in needed.items()
        if many > min(sizes)
    ]


def _sizes(conntrack: Mapping[str, Any], cores: int) -> Iterator[int]:
    """nf_conntrack_max as kube-proxy of 1.17 sets it, and as that of 1.36."""
    least = conntrack.get("min", 131_072)
    by_cores = conntrack.get("maxPerCore", 32_768) * cores
    yield max(least, by_cores)
    yield 1_048_576 if by_cores > 1_048_576 else max(least, by_cores)


def _entries(section: Section) -> dict[str, int]:
    """Server -> entries of its node's table."""
    found: Counter[str] = Counter()
    default = {key: value for line in section.values("default-server") for key, value in pairwise(line)}
    for line in section.values("server"):
        said = {**default, **dict(pairwise(line))}
        most = min(int(section.value("maxconn")), int(said.get("maxconn", section.value("maxconn"))))
        ports = 2 * most
        if "source" in said:
            low, high = map(int, said["source"].rpartition(":")[2].split("-"))
            ports = high - low + 1
        found[line[0].partition(".")[0]] += min(2 * most, ports)
    return found


CHECKS = (a_nodes_table_is_never_full,)
