"""What stands in the committed clusters, each value a little wrong in a way that nobody sees: all of it is refused.

The whole tree is changed at once, and every place of it has to be named.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import pytest

from components.cluster.input.read import read
from components.cluster.input.target import Inventory
from tests.conftest import CLUSTERS
from tests.inventory.targets import ROOT, renderer

Path = tuple[str, ...]
#: Settings of Kong's plugins are handed to Kong as they are, and their numbers may have fractions.
_PASSED_ON = {"plugins", "authentication"}


@cache
def _parameters() -> dict[str, dict[str, Any]]:
    arguments = renderer(ROOT / "inventory")
    return {name: arguments(name)[0] for name in CLUSTERS}


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_decimals_are_no_whole_numbers(cluster):
    # Half a core is a number of cores.
    changed, places = _changed(_parameters()[cluster], _is_whole, float, {*_PASSED_ON, "cpu"})
    assert len(places) > 300 and places <= _refused(changed)


@pytest.mark.parametrize("cluster", CLUSTERS)
def test_texts_end_where_they_seem_to(cluster):
    changed, places = _changed(
        _parameters()[cluster], lambda value: isinstance(value, str), lambda text: f"{text}\n", _PASSED_ON
    )
    assert len(places) > 700 and places <= _refused(changed)


def test_names_end_where_they_seem_to():
    largest = max(_parameters().values(), key=lambda parameters: len(parameters["services"]))
    for depth in range(1, 10):
        places: set[Path] = set()
        refused = _refused(_renamed(largest, depth, (), places))
        # Where a value may have several forms and none fits, the value is named.
        assert {place for place in places if place not in refused and place[:-1] not in refused} == set()


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _refused(parameters: dict[str, Any]) -> set[Path]:
    refused = read(parameters)
    return set() if isinstance(refused, Inventory) else {finding.path for finding in refused}


def _changed(
    node: Any, chosen: Callable[[Any], bool], change: Callable[[Any], Any], left: set[str]
) -> tuple[Any, set[Path]]:
    """A copy with every chosen leaf changed, and where that was."""
    places: set[Path] = set()

    def copy(node: Any, path: Path) -> Any:
        if isinstance(node, dict):
            return {key: value if key in left else copy(value, (*path, key)) for key, value in node.items()}
        if isinstance(node, list):
            return [copy(value, (*path, str(index))) for index, value in enumerate(node)]
        if not chosen(node):
            return node
        places.add(path)
        return change(node)

    return copy(node, ()), places


def _renamed(node: Any, depth: int, path: Path, places: set[Path]) -> Any:
    """A copy in which the keys at one depth end with a line break; `places` takes where."""
    if not isinstance(node, dict) or (path and path[-1] in _PASSED_ON):
        return node
    copy = {}
    for key, value in node.items():
        name = f"{key}\n" if depth == 1 else key
        copy[name] = _renamed(value, depth - 1, (*path, name), places)
        if depth == 1:
            places.add((*path, name))
    return copy
