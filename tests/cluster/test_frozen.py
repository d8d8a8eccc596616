"""Nobody changes a cluster, at any depth."""

import copy
from dataclasses import FrozenInstanceError, fields, is_dataclass
from types import NoneType

import pytest

from components.cluster.frozen import Frozen, freeze


def parts(value):
    yield value
    if is_dataclass(value):
        for field in fields(value):
            yield from parts(getattr(value, field.name))
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from parts(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from parts(item)


def test_every_part_of_a_cluster_is_immutable(cluster):
    kinds = {type(part) for part in parts(cluster) if not is_dataclass(part)}
    assert kinds <= {str, int, bool, float, NoneType, tuple, Frozen}
    assert all(type(part).__dataclass_params__.frozen for part in parts(cluster) if is_dataclass(part))


def test_changes_are_refused(cluster):
    with pytest.raises(FrozenInstanceError):
        cluster.name = "other"
    with pytest.raises(TypeError):
        cluster.platform.kubernetes["version"] = "v1.0.0"
    for change in (
        lambda value: value.update(a=2),
        lambda value: value.pop("a"),
        lambda value: value.clear(),
        lambda value: value.setdefault("b", 1),
        lambda value: value.popitem(),
        lambda value: value.__delitem__("a"),
    ):
        with pytest.raises(TypeError):
            change(freeze({"a": 1}))


def test_a_copy_can_be_changed():
    frozen = freeze({"a": [1, {"b": 2}]})
    assert frozen == {"a": (1, {"b": 2})}
    assert copy.deepcopy(frozen) is frozen
    changed = dict(frozen)
    changed["a"] = 3
    assert frozen["a"] == (1, {"b": 2})
