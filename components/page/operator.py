"""What the operator provides before the first sync, and how the cluster is changed."""

from __future__ import annotations

from collections.abc import Iterator

from components.cluster.types import Cluster

from .markdown import bullets, code, codes, link, section, steps, table
from .reserved import reserved_values
from .words import plural

#: The page lies in compiled/<cluster>/.
ROOT = "../.."
_IMAGES = ("image", "bundler_image")


def before(cluster: Cluster) -> str:
    system, balancer = cluster.platform.operating_system, cluster.load_balancer
    items = [
        *_examples(cluster),
        f"{plural(len(cluster.nodes) + 1, 'machine')} with {system.name.capitalize()} {system.version} and the addresses above.",
        f"The name {code(cluster.domain)} leads every device and client to {code(balancer.address)}; "
        "the brokers' certificates carry it.",
        f"What you compiled is pushed to {code(cluster.git.repository)}, branch {code(cluster.git.revision)}: "
        f"Argo CD reads {code(cluster.git.path)} there.",
        f"Run the steps of the {link('runbook', f'{ROOT}/bootstrap/README.md')} with the script in "
        f"{link('bootstrap/', 'bootstrap')}. It makes the Secrets, too.",
    ]
    return section("Before the first sync", steps(items))


def _examples(cluster: Cluster) -> Iterator[str]:
    """Values that must be replaced: they name domains that are reserved for examples."""
    found = reserved_values(cluster)
    if not found:
        return
    lines = []
    for value, places in found.items():
        if value == cluster.git.repository:
            lines.append(f"   - {code(value)}: the address of your fork ({_inventory('classes/repository.yml')}).")
        elif any(place[-1] in _IMAGES for place in places):
            owners = dict.fromkeys(place[1] for place in places if place[0] == "services")
            lines.append(
                f"   - {code(value)}: an image in a registry of yours, for {codes(owners)} "
                f"({code('release.images')} in {_inventory('classes/release')})."
            )
        else:
            lines.append(f"   - {code(value)}: {codes('.'.join(place) for place in places)}.")
    yield "\n".join(["**Replace what still names a domain reserved for examples** (RFC 2606):", *lines])


def change(cluster: Cluster) -> str:
    target = _inventory(f"targets/{cluster.name}.yml")
    rows = [
        (
            "More devices",
            f"{code('scale.devices')} in {_inventory('classes/scale')}, or for this cluster alone in {target}; if nodes are missing, the refusal names them",
        ),
        (
            "An address, a port, the namespace, a label value, the volumes' directory",
            f"the one line that states it: {target} or {_inventory('classes')}",
        ),
        (
            "One more service",
            f"a file in {_inventory('classes/service')} and a line in {_inventory('classes/profile')}",
        ),
        (
            "A newer Kubernetes, HAProxy or Argo CD",
            f"the class of {_inventory('classes/platform')} that {target} includes",
        ),
    ]
    documents = [
        f"{link('README', f'{ROOT}/README.md')}: from a clone to a running cluster",
        f"{link('CONTRIBUTING', f'{ROOT}/CONTRIBUTING.md')}: the ways of change, and where code goes",
        f"{link('Runbook of the bootstrap', f'{ROOT}/bootstrap/README.md')}: from machines to a cluster that Argo CD takes over",
    ]
    return section(
        "How to change it",
        "Edit the inventory, run `make compile`, read `git diff compiled/`, commit both; Argo CD does the rest for `manifests/`.",
        table(("Change", "Edit"), rows),
        bullets(documents),
    )


def _inventory(path: str) -> str:
    return link(path, f"{ROOT}/inventory/{path}")
