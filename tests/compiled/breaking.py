"""Breaks: a change of a compiled tree that a check must report, or the check proves nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from tests.compiled.tree import Absent, Tree

Check = Callable[[Tree], list[str]]


@dataclass(frozen=True)
class Break:
    """`alter` changes a copy of a tree and returns a word (the broken object's name, often)
    that the message must hold beside `says`. It raises Absent where the cluster
    has nothing of the kind to break.
    """

    check: Check
    says: str
    alter: Callable[[Tree], str]

    def __str__(self) -> str:
        return f"{self.check.__name__}-{self.alter.__name__}"


BREAKS: list[Break] = []


def breaks(check: Check, says: str) -> Callable:
    """Registers the decorated function as a break of `check`, which must then say `says`."""

    def register(alter: Callable) -> Callable:
        BREAKS.append(Break(check, says, alter))
        return alter

    return register


def assert_reported(broken: Break, trees: Iterable[Tree]) -> None:
    """Break a copy of the first tree that has what is to be broken: its check must say so."""
    for tree in trees:
        changed = tree.copy()
        try:
            word = broken.alter(changed)
        except Absent:
            continue
        problems = broken.check(changed)
        assert any(broken.says in problem and word in problem for problem in problems), problems or "nothing reported"
        return
    raise AssertionError(f"no cluster has what {broken} breaks")


def gateway_of(tree: Tree) -> str:
    """The service that is the API gateway. Raises Absent."""
    gateway = tree.parameters.get("gateway", {}).get("service")
    if gateway not in tree.parameters["services"]:
        raise Absent("no API gateway")
    return gateway
