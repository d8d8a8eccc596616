"""What tests of kubeadm share: the checks that cannot pass here, and the join configuration, filled in."""

from __future__ import annotations

import re

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


def complaints(output: str) -> dict[str, str]:
    """Check -> complaint, of what kubeadm calls errors of its preflight."""
    return dict(re.findall(r"^\t\[ERROR ([^\]]+)\]: (.*)$", output, re.M))


def joining(cluster: Cluster, token: str, ca_hash: str) -> str:
    """The join template as the step `worker` fills it in."""
    node = cluster.workers[-1]
    text = yaml.safe_dump_all(configs.join_documents(cluster))
    blanks = (node.name, node.address, configs.group_label(cluster, node), token, ca_hash)
    for blank, value in zip(configs.JOIN_PLACEHOLDERS, blanks, strict=True):
        text = text.replace(blank, value)
    return text
