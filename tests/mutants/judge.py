"""Whether the checks notice a change: all that judge what was compiled, but for "is it fresh"."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import yaml

from tests.argocd.checks import CHECKS as ARGOCD
from tests.compiled.test_checks import CHECKS
from tests.compiled.tree import Tree
from tests.haproxy.checks import CHECKS as HAPROXY


def noticed(tree: Tree, first: list[str]) -> str | None:
    """The name of the check that reports a changed tree; None where none does.

    `first` holds the names of the checks that noticed something lately: those are asked first, and it is
    brought up to date. A check that fails over the change reports it, too: its test would be red.
    """
    asked = dict(_checks(tree))
    for name in sorted(asked, key=lambda name: first.index(name) if name in first else len(first)):
        try:
            reported = asked[name]()
        except Exception:
            reported = True
        if reported:
            if name in first:
                first.remove(name)
            first.insert(0, name)
            return name
    return None


def _checks(tree: Tree) -> Iterator[tuple[str, Callable[[], object]]]:
    for check in CHECKS:
        yield check.__name__, lambda check=check: check(tree)
    texts = {path.partition("/")[2]: text for path, text in tree.files.items() if path.startswith("haproxy/")}
    for check in HAPROXY:
        yield check.__name__, lambda check=check: check(tree.cluster, texts)
    documents = {
        path.partition("/")[2]: yaml.load(text, Loader=yaml.CSafeLoader)
        for path, text in tree.files.items()
        if path.startswith("argocd/")
    }
    manifests = [found for _, found in tree.manifests]
    for check in ARGOCD:
        yield check.__name__, lambda check=check: check(tree.cluster, documents, manifests)
