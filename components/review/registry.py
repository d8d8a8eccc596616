"""The rules of verdicts: each a function of a Change, in a file of verdicts/."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

from . import verdicts
from .change import Change
from .types import Level, Verdict


@dataclass(frozen=True)
class Rule:
    """`name` is what people write behind `accept:`; `level` the gravest that it says; `meaning` when it speaks."""

    name: str
    level: Level
    meaning: str
    subject: str
    judge: Callable[[Change], Iterator[Verdict]]


_RULES: list[Rule] = []


def verdict(level: Level) -> Callable[[Callable[[Change], Iterator[Verdict]]], Callable[[Change], Iterator[Verdict]]]:
    """Registers a rule: the function's name is the rule's, its docstring the meaning."""

    def register(judge: Callable[[Change], Iterator[Verdict]]) -> Callable[[Change], Iterator[Verdict]]:
        meaning = (judge.__doc__ or "").strip().splitlines()[0]
        name = judge.__name__.replace("_", "-")
        _RULES.append(Rule(name, level, meaning, judge.__module__.rpartition(".")[2], judge))
        return judge

    return register


@cache
def rules() -> tuple[Rule, ...]:
    """All of them, by file and in the order in which they stand there."""
    for module in sorted(module.name for module in pkgutil.iter_modules(verdicts.__path__)):
        importlib.import_module(f"{verdicts.__name__}.{module}")
    return tuple(sorted(_RULES, key=lambda rule: rule.subject))


def judged(change: Change) -> tuple[Verdict, ...]:
    """What all rules say, the gravest first."""
    found = [verdict for rule in rules() for verdict in _kept(rule, change)]
    return tuple(sorted(dict.fromkeys(found), key=lambda each: -each.level))


def _kept(rule: Rule, change: Change) -> Iterator[Verdict]:
    for found in rule.judge(change):
        assert found.rule == rule.name and found.level <= rule.level, f"{rule.name} says {found}"
        yield found
