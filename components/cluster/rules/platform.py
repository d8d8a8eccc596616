"""A platform class whose parts are of one release."""

from __future__ import annotations

from collections.abc import Iterator

from components.inventory.finding import Finding

from ..input.target import Inventory
from .registry import Stage, rule


@rule(Stage.NAMES)
def one_minor_release(inventory: Inventory) -> Iterator[Finding]:
    """The minor release names the packages' repository, the schemas what objects are checked against."""
    kubernetes = inventory.platform.kubernetes
    wanted = ".".join(kubernetes.version.removeprefix("v").split(".")[:2])
    for key, stated in (("minor", kubernetes.minor), ("schema", kubernetes.json_schema)):
        if stated.split(".")[:2] != wanted.split("."):
            yield Finding(
                ("platform", "kubernetes", key),
                stated,
                f"Kubernetes is {kubernetes.version} (platform.kubernetes.version)",
                f"Write that of {wanted}",
            )


# What a kubelet of 1.17 to 1.37 sets, or with protectKernelDefaults asks for (setupKernelTunables of its
# container_manager_linux.go).
_KERNEL_OF_THE_KUBELET = {
    "kernel.keys.root_maxbytes": 25_000_000,
    "kernel.keys.root_maxkeys": 1_000_000,
    "kernel.panic": 10,
    "kernel.panic_on_oops": 1,
    "vm.overcommit_memory": 1,
    "vm.panic_on_oom": 0,
}


@rule(Stage.NAMES)
def kernel_as_the_kubelet_asks(inventory: Inventory) -> Iterator[Finding]:
    """A kubelet that may not change kernel settings does not start with others than its own."""
    if not inventory.platform.kubernetes.kubelet.protect_kernel_defaults:
        return
    sysctl = inventory.platform.operating_system.sysctl
    for name, wanted in _KERNEL_OF_THE_KUBELET.items():
        if str(sysctl.get(name)) != str(wanted):
            yield Finding(
                ("platform", "operating_system", "sysctl", name),
                sysctl.get(name),
                "the kubelet does not start with another value than its own "
                "(platform.kubernetes.kubelet.protect_kernel_defaults)",
                f"Write {wanted}",
            )
