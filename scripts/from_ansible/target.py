"""The text of a target file."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

import yaml

from .machines import ClusterNode

_WIDTH = 100


def text(
    classes: Sequence[str],
    nodes: Sequence[ClusterNode],
    balancer: tuple[str, str],
    parameters: dict[str, object],
    findings: Sequence[str],
) -> str:
    """The page of one cluster; `parameters` are values by dotted path, `balancer` its host name and address."""
    tree: dict[str, Any] = {"cluster": {}, "load_balancers": {balancer[0]: {"address": balancer[1]}}}
    for path, value in parameters.items():
        *above, key = path.split(".")
        node = tree
        for part in above:
            node = node.setdefault(part, {})
        node[key] = value
    # Machines come after what is said about the cluster as a whole.
    tree["cluster"]["nodes"] = {node.name: {"address": node.address, "group": node.group} for node in nodes}

    lines = [
        "# dojot, as the files of Ansible describe it (scripts/from_ansible). This page is what an operator",
        "# edits from now on; it states what differs from its classes.",
    ]
    if findings:
        lines += ["#", "# To be settled:"]
        for finding in findings:
            lines += textwrap.wrap(
                finding,
                _WIDTH,
                initial_indent="# - ",
                subsequent_indent="#   ",
                break_long_words=False,
                break_on_hyphens=False,
            )
    lines += ["classes:", *(f"  - {name}" for name in classes), "", "parameters:"]
    for number, (key, value) in enumerate(tree.items()):
        lines += [""] * (number > 0) + list(_lines(key, value, 1))
    return "\n".join(lines) + "\n"


def _lines(key: str, value: object, depth: int) -> Iterator[str]:
    indent = "  " * depth
    if isinstance(value, dict) and value and not _is_machine(value):
        yield f"{indent}{_scalar(key)}:"
        for name, below in value.items():
            yield from _lines(name, below, depth + 1)
        return
    yield f"{indent}{_scalar(key)}: {_scalar(value)}"


def _is_machine(value: dict[str, object]) -> bool:
    return value.keys() in ({"address", "group"}, {"address"})


def _scalar(value: object) -> str:
    """One value on one line; what would be a reference to reclass is escaped."""
    if isinstance(value, str):
        value = value.replace("${", "\\${").replace("$[", "\\$[")
    return (
        yaml.safe_dump(value, default_flow_style=True, width=10_000, sort_keys=False, allow_unicode=True)
        .removesuffix("\n")
        .removesuffix("\n...")
    )
