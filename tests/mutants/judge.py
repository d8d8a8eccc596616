"""Whether the checks notice a change: all that judge what was compiled, but for "is it fresh"."""

from __future__ import annotations

from tests.compiled.rooms import CHECKS
from tests.compiled.tree import Tree


def noticed(tree: Tree, first: list[str]) -> str | None:
    """The name of the check that reports a changed tree; None where none does.

    `first` holds the names of the checks that noticed something lately: those are asked first, and it is
    brought up to date. A check that fails over the change reports it, too: its test would be red.
    """
    for check in sorted(CHECKS, key=lambda one: first.index(one.__name__) if one.__name__ in first else len(first)):
        try:
            reported = check(tree)
        except Exception:
            reported = ["it fails"]
        if reported:
            if check.__name__ in first:
                first.remove(check.__name__)
            first.insert(0, check.__name__)
            return check.__name__
    return None
