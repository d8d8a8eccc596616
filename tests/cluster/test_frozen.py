"""Nobody changes a cluster, at any depth."""

import copy
from dataclasses import FrozenInstanceError, fields, is_dataclass
from types import NoneType

import pytest
from pydantic import ValidationError

from components.cluster.frozen import Frozen, freeze
from components.cluster.input.entry import Entry
from components.cluster.input.switched import SwitchedMap


def parts(value):
    yield value
    if is_dataclass(value):
        for field in fields(value):
            yield from parts(getattr(value, field.name))
    elif isinstance(value, Entry):
        for _, inner in value:
            yield from parts(inner)
    elif isinstance(value, (tuple, list)):
        for item in value:
            yield from parts(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from parts(item)


def test_every_part_of_a_cluster_is_immutable(cluster):
    kinds = {type(part) for part in parts(cluster) if not is_dataclass(part) and not isinstance(part, Entry)}
    assert kinds <= {str, int, bool, float, NoneType, tuple, Frozen, SwitchedMap}
    assert all(part.model_config["frozen"] for part in parts(cluster) if isinstance(part, Entry))
    assert all(type(part).__dataclass_params__.frozen for part in parts(cluster) if is_dataclass(part))


def test_changes_are_refused(cluster):
    with pytest.raises(FrozenInstanceError):
        cluster.name = "other"
    with pytest.raises(TypeError):
        cluster.services[0].spec.env["A"] = "b"
    with pytest.raises(ValidationError):
        cluster.platform.kubernetes.version = "v1.0.0"
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
