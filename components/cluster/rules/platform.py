"""A platform class whose parts are of one release."""

from __future__ import annotations

from collections.abc import Iterator

from components.inventory.finding import Finding

from ..input.target import Inventory
from ..kernel import OF_THE_KUBELET
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


@rule(Stage.NAMES)
def kernel_as_the_kubelet_asks(inventory: Inventory) -> Iterator[Finding]:
    """A kubelet that may not change kernel settings does not start with others than its own."""
    if not inventory.platform.kubernetes.kubelet.protect_kernel_defaults:
        return
    sysctl = inventory.platform.operating_system.sysctl
    for name, wanted in OF_THE_KUBELET.items():
        stated = sysctl.get(name, wanted)
        if str(stated) != str(wanted):
            yield Finding(
                ("platform", "operating_system", "sysctl", name),
                stated,
                "the kubelet does not start with another value than its own "
                "(platform.kubernetes.kubelet.protect_kernel_defaults)",
                f"Take it out (it follows: {wanted})",
            )


@rule(Stage.NAMES)
def signatures_can_be_checked(inventory: Inventory) -> Iterator[Finding]:
    """Git checks signatures of SSH from 2.34 on, with a ssh-keygen of OpenSSH 8.0 or newer."""
    system = inventory.platform.operating_system
    if inventory.load_balancer.follow.signers and not system.ssh_signatures:
        yield Finding(
            ("load_balancer", "follow", "signers"),
            None,
            f"the Git of {system.name} {system.version} cannot check who has signed a commit "
            "(platform.operating_system.ssh_signatures)",
            "Take the signers out, or give the machines a newer system",
        )
