"""Where a rule is written down: `@rule(Stage...)` above its function, whose name the refusal prints."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import Enum
from typing import Any

from components.inventory.finding import Finding


class Stage(Enum):
    """What a rule is given, in the order in which rules are asked.

    A stage is passed only by an inventory without findings: with names that lead nowhere no cluster can be derived,
    with nodes missing every sum would be wrong, and what does not fit would ring an alert, too.
    """

    #: (Inventory): names that must exist elsewhere in it.
    NAMES = 1
    #: (Inventory, Origin): the same, where the files themselves have to be asked.
    FILES = 2
    #: (Cluster): cross-field rules.
    STRUCTURE = 3
    #: (Runs): containers against what is known of their images. Asked with the one before.
    IMAGES = 4
    #: (Cluster): what is needed fits into what there is.
    CAPACITY = 5
    #: (Cluster): alerts that a healthy cluster does not raise.
    MONITORING = 6


Rule = Callable[..., Iterator[Finding]]
RULES: dict[Stage, list[Rule]] = {stage: [] for stage in Stage}


def rule(stage: Stage) -> Callable[[Rule], Rule]:
    """Registers a function: it is asked in `stage`, and yields a Finding for each thing to do."""

    def register(function: Rule) -> Rule:
        RULES[stage].append(function)
        return function

    return register


def findings(stage: Stage, *subject: Any) -> list[Finding]:
    """What the rules of a stage say, each under its rule's name."""
    return [replace(found, by=each.__name__) for each in RULES[stage] for found in each(*subject)]
