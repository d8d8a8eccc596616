"""What tests of kubeadm share: the checks that cannot pass here, and the join configuration, filled in."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable

import yaml

from components.cluster.types import Cluster
from components.kubeadm import configs

# No host here has a container runtime or a kernel of its own.
# Check -> what its complaint has to speak of: for another reason none may fail.
PREFLIGHT = {
    "CRI": "docker|container runtime",
    "ContainerRuntimeVersion": "container runtime",
    "IsDockerSystemdCheck": "docker info",
    # Docker's, and from 1.35 on also that this kernel's cgroups are of version 1.
    "SystemVerification": "docker info|cgroups v1",
}
IGNORED = f"--ignore-preflight-errors={','.join(PREFLIGHT)}"


def accepts(kubeadm: Callable[..., subprocess.CompletedProcess[str]], path: str, cluster: Cluster) -> None:
    """AssertionError where this kubeadm does not take a configuration as it is: `kubeadm("config", ...)` runs it."""
    verbs = set(re.findall(r"^  (\w+) ", kubeadm("config", "--help").stdout, re.M))
    if "validate" in verbs:  # since 1.26
        done = kubeadm("config", "validate", f"--config={path}")
        assert (done.returncode, done.stdout) == (0, "ok\n"), done.stderr
    done = kubeadm("config", "migrate", f"--old-config={path}")
    assert done.returncode == 0, done.stderr
    kinds = {document["kind"]: document["apiVersion"] for document in yaml.safe_load_all(done.stdout)}
    wanted = {"JoinConfiguration"} & kinds.keys() or {"InitConfiguration", "ClusterConfiguration"}
    assert kinds.keys() >= wanted
    assert {kinds[kind] for kind in wanted} == {cluster.platform.kubernetes.kubeadm_api}, (
        "kubeadm would write another API version"
    )
    for warning in ("unknown field", "deprecated", "strict decoding"):
        assert warning not in done.stderr, done.stderr


def complaints(output: str) -> dict[str, str]:
    """Check -> complaint, of what kubeadm calls errors of its preflight."""
    return dict(re.findall(r"^\t\[ERROR ([^\]]+)\]: (.*)$", output, re.M))


def joining_control_plane(cluster: Cluster, token: str, ca_hash: str, key: str) -> str:
    """What the step `join-control-plane` makes of its template."""
    node = cluster.control_planes[-1]
    text = yaml.safe_dump_all(configs.join_control_plane_documents(cluster))
    for blank, value in zip(
        configs.CONTROL_PLANE_PLACEHOLDERS, (node.name, node.address, token, ca_hash, key), strict=True
    ):
        text = text.replace(blank, value)
    return text


def joining(cluster: Cluster, token: str, ca_hash: str) -> str:
    """The join template as the step `worker` fills it in."""
    node = cluster.workers[-1]
    text = yaml.safe_dump_all(configs.join_documents(cluster))
    blanks = (node.name, node.address, configs.group_label(cluster, node), token, ca_hash)
    for blank, value in zip(configs.JOIN_PLACEHOLDERS, blanks, strict=True):
        text = text.replace(blank, value)
    return text
