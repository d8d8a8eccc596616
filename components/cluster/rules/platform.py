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
