"""Kernel settings of every node: those that the inventory states, and those that its kubelet wants."""

from __future__ import annotations

from collections.abc import Mapping

from .input.platform import Platform

#: What a kubelet of 1.17 to 1.37 sets, or with protectKernelDefaults asks for (setupKernelTunables of its
#: container_manager_linux.go).
OF_THE_KUBELET: Mapping[str, int] = {
    "kernel.keys.root_maxbytes": 25_000_000,
    "kernel.keys.root_maxkeys": 1_000_000,
    "kernel.panic": 10,
    "kernel.panic_on_oops": 1,
    "vm.overcommit_memory": 1,
    "vm.panic_on_oom": 0,
}


def kernel_settings(platform: Platform) -> dict[str, int | str]:
    """Name -> value. Where the kubelet sets its own by itself, they are left to it."""
    asked = OF_THE_KUBELET if platform.kubernetes.kubelet.protect_kernel_defaults else {}
    return {**asked, **platform.operating_system.sysctl}
