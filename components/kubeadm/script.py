"""Assembles bootstrap.sh: the generated values, then bootstrap/*.sh in numeric order."""

from __future__ import annotations

from pathlib import Path

from components.cluster.types import Cluster
from components.render import yaml_documents

from . import configs, pod_network, values

PARTS = Path(__file__).resolve().parents[2] / "bootstrap"

_HEADER = """\
#!/usr/bin/env bash
# Bootstrap of the cluster {name}: run with --help. The runbook is bootstrap/README.md.
# Generated from the inventory: change that and compile again, not this file.
set -euo pipefail

# ---- values of the inventory
"""


def files(cluster: Cluster) -> dict[str, str]:
    """bootstrap.sh, and for the reviewer's eye the configs that it carries."""
    return {
        "bootstrap.sh": script(cluster),
        "kubeadm-init.yml": yaml_documents(configs.init_documents(cluster)),
        "kubeadm-join.yml": yaml_documents(configs.join_documents(cluster)),
        "pod-network.yml": yaml_documents(pod_network.documents(cluster)),
    }


def script(cluster: Cluster) -> str:
    """The whole script: it needs nothing but the compiled files beside it."""
    parts = [_HEADER.format(name=cluster.name), values.block(cluster)]
    for path in sorted(PARTS.glob("[0-9][0-9]-*.sh")):
        parts.append(f"\n# ---- {path.stem.partition('-')[2]}\n{_body(path)}")
    return "".join(parts)


def _body(path: Path) -> str:
    """A part without the directive that lets shellcheck read it by itself."""
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return "".join(line for line in lines if not line.startswith("# shellcheck shell="))
