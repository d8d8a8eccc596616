"""What the model says about a broken inventory, and which of its rules says it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from components.cluster import InvalidInventory, load
from components.inventory.origin import Origin


@dataclass(frozen=True)
class Refusal:
    """The lines for people without the names of the rules, and those names; none of both if accepted."""

    lines: tuple[str, ...]
    rules: frozenset[str]


def refusal_of(parameters: dict[str, Any], origin: Origin) -> Refusal:
    try:
        load(parameters, origin)
    except InvalidInventory as refusal:
        told = [line.rpartition(" [") for line in refusal.lines]
        return Refusal(tuple(line for line, _, _ in told), frozenset(rule.removesuffix("]") for _, _, rule in told))
    return Refusal((), frozenset())
