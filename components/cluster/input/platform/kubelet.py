"""What the kubelet of every node keeps, and holds pods to."""

from __future__ import annotations

from typing import Annotated, ClassVar

from ..entry import Entry
from ..scalar import Scalar
from ..shapes import Bytes, Switch


class Eviction(Entry):
    """Below which the kubelet ends pods (evictionHard). It keeps as much out of what pods may request."""

    wanted: ClassVar = "what has to stay free on a node, memory, nodefs, imagefs and inodes"

    memory: Bytes
    """memory that stays free"""
    nodefs: Bytes
    """what stays free of the disk with the kubelet's folder"""
    imagefs: Bytes
    """what stays free of the disk with the images"""
    inodes: Annotated[str, Scalar("a share such as 5%", pattern="[1-9][0-9]?%")]
    """share of that disk's inodes that stays free"""


class Kubelet(Entry):
    """The kubelet of every node."""

    wanted: ClassVar = "what the kubelet of every node keeps and holds pods to"

    eviction: Eviction
    """what stays free on each node: below it the kubelet ends pods"""
    pod_pids_limit: Annotated[int, Scalar("a whole number of processes, at least 1024", minimum=1024)]
    """processes and threads that one pod may have"""
    protect_kernel_defaults: Switch
    """whether it asks for the kernel settings that it needs, and nodes get them, in place of changing them itself"""
    seccomp_default: Switch
    """whether pods that name no seccomp profile get the runtime's own (from 1.27)"""
